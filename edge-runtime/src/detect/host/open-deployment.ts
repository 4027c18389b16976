/**
 * Starts a detect host, opens bundles in it, and has each run its examples. What does not go well is refused by name; what
 * takes the host with it is found by itself and left out, so that one bad bundle never keeps the others from running.
 */
import { compareAnswers, type Answer } from "@millwright/model-bundle";
import { messageChain, type Clock, type Log } from "@millwright/kit";

import { Deployment } from "./deployment.ts";
import {
  HostProcess,
  type HostListener,
  type HostLimits,
  type HostProgram,
} from "./host-process.ts";
import { planUnits, type OutputPlaces, type SlottedBundle, type UnitPlan } from "./unit-plan.ts";

export interface Refusal {
  readonly slot: number;
  /** What went wrong, and what to do. */
  readonly reason: string;
}

/** What a host says once it is opened goes here: it may be exchanged with the deployment. */
export interface Relay {
  to: HostListener;
}

export interface Opened {
  readonly deployment: Deployment;
  readonly relay: Relay;
  readonly refusals: readonly Refusal[];
}

export interface HostSurroundings {
  readonly program: HostProgram;
  readonly silentMsMax: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Node and onnxruntime are 110 MiB resident with the first model, most of it shared with the gateway; large batches add some (bytes). */
const baseBytes = 192 * 2 ** 20;
/** A session of a small graph takes 100 KiB (bytes). */
const sessionBytes = 256 * 2 ** 10;
/** So often a host may end while bundles are opened; each time one of them is found. More are not one bad bundle. */
const endsMax = 10;

/**
 * Opens again what has run before, after its host ended. Examples were checked then, and are not kept. Throws when it does not
 * start.
 */
export async function reopenDeployment(
  surroundings: HostSurroundings,
  before: Deployment,
  plans: readonly UnitPlan[],
): Promise<Opened> {
  const { program, silentMsMax, clock, log } = surroundings;
  const relay: Relay = { to: new Warming() };
  const limits: HostLimits = { bytesMax: before.bytesMax, silentMsMax };
  const host = new HostProcess(program, limits, relayed(relay), clock, log);
  try {
    await host.ready();
    for (const plan of plans) {
      const reason = await host.load(plan);
      if (reason !== undefined) throw new Error(`what ran before cannot be opened: ${reason}`);
    }
    return { deployment: new Deployment(host, plans, before.bytesMax), relay, refusals: [] };
  } catch (failure) {
    await host.end();
    throw failure;
  }
}

/** @param alone slots that are not stacked; those that have to be are added. Throws when no host can be started. */
export async function openDeployment(
  surroundings: HostSurroundings,
  bundles: readonly SlottedBundle[],
  alone: Set<number>,
): Promise<Opened> {
  const refusals: Refusal[] = [];
  let left = bundles;
  let careful = false;
  let ends = 0;
  for (;;) {
    const attempt = await tryOpen(surroundings, left, alone, careful);
    refusals.push(...attempt.refusals);
    const refused = new Set(refusals.map(({ slot }) => slot));
    left = left.filter(({ slot }) => !refused.has(slot));
    if (attempt.kind === "opened") return { ...attempt, refusals };
    if (attempt.reason !== undefined && ++ends > endsMax) {
      throw new Error(
        `the detect host ended ${ends} times while bundles were opened: ${attempt.reason}`,
      );
    }
    // Each turn refuses a bundle, takes one out of its stack, or begins to look at them one by one: it comes to an end.
    const { suspects } = attempt;
    const [only] = suspects;
    if (suspects.length > 1 && !careful) careful = true;
    else if (suspects.length > 1) for (const slot of suspects) alone.add(slot);
    else if (only !== undefined && attempt.reason !== undefined) {
      refusals.push({ slot: only, reason: `the detect host ended with it: ${attempt.reason}` });
      left = left.filter(({ slot }) => slot !== only);
    } else if (only !== undefined) alone.add(only);
  }
}

type Attempt =
  | {
      readonly kind: "opened";
      readonly deployment: Deployment;
      readonly relay: Relay;
      readonly refusals: readonly Refusal[];
    }
  | {
      readonly kind: "again";
      readonly refusals: readonly Refusal[];
      readonly suspects: readonly number[];
      /** Why the host ended, when it did. */
      readonly reason?: string;
    };

async function tryOpen(
  { program, silentMsMax, clock, log }: HostSurroundings,
  bundles: readonly SlottedBundle[],
  alone: ReadonlySet<number>,
  careful: boolean,
): Promise<Attempt> {
  const plans = planUnits(bundles, alone);
  const warming = new Warming();
  const relay: Relay = { to: warming };
  const bytesMax = bytesOf(bundles, plans);
  const limits: HostLimits = { bytesMax, silentMsMax };
  const host = new HostProcess(program, limits, relayed(relay), clock, log);
  const deployment = new Deployment(host, plans, bytesMax);
  warming.deployment = deployment;
  let keeps = false;
  try {
    await host.ready();
    const refusals: Refusal[] = [];
    const refused = new Set<number>();
    const refuse = (slot: number, reason: string): void => {
      refused.add(slot);
      refusals.push({ slot, reason });
    };
    for (const plan of plans) {
      const reason = await host.load(plan);
      if (reason === undefined) continue;
      if (warming.endReason !== undefined) {
        return { kind: "again", refusals, suspects: [...plan.slots], reason: warming.endReason };
      }
      const [slot] = plan.slots;
      if (plan.weights.length > 0) return { kind: "again", refusals, suspects: [...plan.slots] };
      if (slot !== undefined) refuse(slot, `onnxruntime cannot open it: ${reason}`);
    }

    for (const { slot, bundle } of bundles) {
      if (refused.has(slot)) continue;
      for (const [at, { input }] of bundle.examples.windows.entries()) {
        if (careful) deployment.addAlone(slot, at, 0, input);
        else deployment.add(slot, at, 0, input);
      }
    }
    await deployment.answeredAll();
    if (warming.endReason !== undefined) {
      return { kind: "again", refusals, suspects: warming.suspects, reason: warming.endReason };
    }
    const stacked = new Set(
      plans.flatMap(({ slots, weights }) => (weights.length > 0 ? [...slots] : [])),
    );
    for (const { slot, bundle } of bundles) {
      if (refused.has(slot)) continue;
      const failed = warming.failures.get(slot);
      const differs = compareAnswers(
        bundle.examples,
        warming.answers.get(slot) ?? [],
        bundle.manifest,
      );
      const [first] = differs;
      if (failed === undefined && first === undefined) continue;
      // A fault of the stack is not the bundle's: by itself it gets another chance.
      if (stacked.has(slot)) return { kind: "again", refusals, suspects: [slot] };
      refuse(slot, failed ?? `${first?.where ?? ""}: ${first?.what ?? ""}`);
    }
    keeps = true;
    return { kind: "opened", deployment, relay, refusals };
  } catch (failure) {
    throw new Error(`the detect host does not start: ${messageChain(failure)}`, { cause: failure });
  } finally {
    if (!keeps) await host.end();
  }
}

/** Takes the answers to the examples. */
class Warming implements HostListener {
  deployment: Deployment | undefined;
  readonly answers = new Map<number, Answer[]>();
  readonly failures = new Map<number, string>();
  endReason: string | undefined;
  /** Those of the request that was being run at the end. */
  suspects: readonly number[] = [];

  scored({ request, unit }: { request: number; unit: number }, outputs: Float32Array): void {
    const answered = this.deployment?.answered(request);
    const places = this.deployment?.planOf(unit)?.outputs;
    if (answered === undefined || places === undefined) return;
    for (let at = 0; at < answered.rows.length; at++) {
      const slot = answered.slots[at] ?? -1;
      const list = this.answers.get(slot) ?? [];
      list[answered.askers[at] ?? 0] = answerAt(outputs, at, places);
      this.answers.set(slot, list);
    }
  }

  failed(request: number, reason: string): void {
    for (const slot of this.deployment?.answered(request)?.slots ?? []) {
      this.failures.set(slot, `its examples could not be run: ${reason}`);
    }
  }

  ended(reason: string): void {
    this.endReason = reason;
    this.suspects = [...new Set(this.deployment?.takeOpen().running?.slots)];
  }
}

/** A copy. */
function answerAt(outputs: Float32Array, at: number, places: OutputPlaces): Answer {
  const first = at * places.width;
  const part = (place: { at: number; width: number }): Float32Array =>
    outputs.slice(first + place.at, first + place.at + place.width);
  return {
    score: outputs[first] ?? NaN,
    contributions: part(places.contributions),
    expected: part(places.expected),
  };
}

function relayed(relay: Relay): HostListener {
  return {
    scored: (scored, outputs) => {
      relay.to.scored(scored, outputs);
    },
    failed: (request, reason) => {
      relay.to.failed(request, reason);
    },
    ended: (reason) => {
      relay.to.ended(reason);
    },
  };
}

function bytesOf(bundles: readonly SlottedBundle[], plans: readonly UnitPlan[]): number {
  // What bundles need while they run, they need one after the other.
  const needs = Math.max(0, ...bundles.map(({ bundle }) => bundle.manifest.memoryBytes));
  return plans.reduce(
    (sum, { model, weights }) =>
      // The file as it came, as onnxruntime keeps it, and once more while it is optimised; weights as they came, and kept.
      sum +
      sessionBytes +
      3 * model.length +
      weights.reduce((all, rows) => all + 2 * rows.byteLength, 0),
    baseBytes + needs,
  );
}
