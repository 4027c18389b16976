/**
 * The models of this gateway: asks the detect host for scores, exchanges it between two windows, and starts it again when it
 * ends. A window is kept here until it is answered, so a crash costs the one window that it came with.
 */
import { Backoff, type Clock, type Log, type Random } from "@millwright/kit";

import { BundleGuard } from "./bundle-guard.ts";
import { windowsOf, type Deployment } from "./deployment.ts";
import type { HostProgram } from "./host-process.ts";
import type { ScoredText } from "./messages.ts";
import {
  openDeployment,
  reopenDeployment,
  type HostSurroundings,
  type Opened,
  type Refusal,
  type Relay,
} from "./open-deployment.ts";
import type { OutputPlaces, SlottedBundle } from "./unit-plan.ts";
import type { WindowRequest } from "./window-batch.ts";

export interface ModelHostListener {
  /**
   * @param asker as given to `score`
   * @param outputs numbers of many windows; those of this one begin at `at`, the score first. Valid until the call returns
   */
  scored(
    slot: number,
    asker: number,
    endUs: number,
    outputs: Float32Array,
    at: number,
    places: OutputPlaces,
  ): void;
  /** A bundle is run no more: `crashed` when it took the host with it. */
  stopped(slot: number, what: "stopped" | "crashed", reason: string, windowsLost: number): void;
  /** The host ended and is started again. @param slot of the bundle that was being run, when it was one */
  ended(reason: string, slot: number | undefined, windowsLost: number): void;
}

export interface ModelHostOptions {
  readonly program: HostProgram;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly listener: ModelHostListener;
  /** With windows on their way and none answered for so long, the host is ended (ms). */
  readonly silentMsMax?: number;
}

/** Windows that may wait for answers: what a host takes to start again, of each bundle at 1 Hz. Above it new ones are counted as lost. */
const waitingLeast = 10_000;
const waitingEach = 3;
/** The largest model of a gateway runs in a second; a host that is silent for so long runs one that does not end. */
const silentMs = 20_000;
const firstRestartMs = 200;
const lastRestartMs = 30_000;

export class ModelHost {
  readonly #options: ModelHostOptions;
  readonly #surroundings: HostSurroundings;
  readonly #guard = new BundleGuard();
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  readonly #alone = new Set<number>();
  readonly #stopped = new Set<number>();
  /** What answers now; or what answered last, while no host runs. */
  #current: Deployment | undefined;
  #answers = false;
  /** Their end is no news. */
  readonly #letGo = new WeakSet<Deployment>();
  /** While no host runs. The suspects were with it when it ended, and are tried by themselves. */
  #suspects: WindowRequest[] = [];
  #held: WindowRequest[] = [];
  #heldCount = 0;
  #turn: Promise<void> = Promise.resolve();
  #flushing = false;
  #waitingMax = waitingLeast;
  #windowsLost = 0;
  #restarts = 0;

  constructor(options: ModelHostOptions) {
    const { program, clock, log, random, silentMsMax = silentMs } = options;
    this.#options = options;
    this.#surroundings = { program, silentMsMax, clock, log };
    this.#backoff = new Backoff(firstRestartMs, lastRestartMs, random);
  }

  /** Windows that were given to `score` and never answered, since the start. */
  get windowsLost(): number {
    return this.#windowsLost;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Of the host that answers now. */
  get pid(): number | undefined {
    return this.#current?.host.pid;
  }

  /** CPU time of the newest window of a bundle, µs; NaN before the first. */
  cpuUs(slot: number): number {
    return this.#current?.cpuUs(slot) ?? NaN;
  }

  residentBytes(): number | undefined {
    return this.#current?.host.residentBytes();
  }

  /**
   * Runs these bundles from the next window on, and no others. The next host is opened and warmed beside the one that
   * answers; then they change places, and the old one ends when it has answered what it was asked.
   *
   * @param switched called at the moment of the change, before the first window for the new host is taken
   * @returns those that are refused
   */
  async deploy(
    bundles: readonly SlottedBundle[],
    switched: (refusals: readonly Refusal[]) => void,
  ): Promise<readonly Refusal[]> {
    return await this.#inTurn(async () => {
      for (const { slot } of bundles) {
        this.#stopped.delete(slot);
        this.#guard.forget(slot);
      }
      const opened =
        bundles.length === 0
          ? undefined
          : await openDeployment(this.#surroundings, bundles, this.#alone);
      const refusals = opened?.refusals ?? [];
      const refused = new Set(refusals.map(({ slot }) => slot));
      for (const slot of refused) this.#stopped.add(slot);
      const old = this.#answers ? this.#current : undefined;
      old?.flush();
      if (opened === undefined) {
        this.#current = undefined;
        this.#answers = false;
      } else this.#begin(opened);
      switched(refusals);
      this.#sendHeld();
      if (old !== undefined) {
        await old.answeredAll();
        this.#letGo.add(old);
        await old.host.end();
      }
      return refusals;
    });
  }

  /** Takes a window of a deployed bundle; its answer comes to the listener. @param input is copied */
  score(slot: number, asker: number, endUs: number, input: ArrayLike<number>): void {
    const current = this.#current;
    if (current === undefined || !current.holds(slot) || this.#stopped.has(slot)) return;
    if (this.#heldCount + current.waiting >= this.#waitingMax) {
      this.#lose(1);
      return;
    }
    if (!this.#answers) {
      this.#hold(slot, asker, endUs, input);
      return;
    }
    current.add(slot, asker, endUs, input);
    if (this.#flushing) return;
    this.#flushing = true;
    // What one turn of the event loop brings goes as one: windows of all assets that were due with the same poll.
    setImmediate(() => {
      this.#flushing = false;
      if (this.#answers) this.#current?.flush();
    });
  }

  /** Ends the host. Windows that wait are not scored any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#current?.host.end();
    await this.#inTurn(async () => {
      this.#answers = false;
      await this.#current?.host.end();
    });
  }

  /** One change of the host at a time. */
  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(task);
    this.#turn = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  #begin({ deployment, relay }: Opened): void {
    this.#current = deployment;
    this.#answers = true;
    this.#waitingMax = Math.max(waitingLeast, waitingEach * deployment.bundleCount);
    this.#listen(deployment, relay);
  }

  #listen(deployment: Deployment, relay: Relay): void {
    relay.to = {
      scored: (text, outputs) => {
        this.#scored(deployment, text, outputs);
      },
      failed: (request, reason) => {
        this.#failed(deployment, request, reason);
      },
      ended: (reason) => {
        this.#ended(deployment, reason);
      },
    };
  }

  #scored(deployment: Deployment, text: ScoredText, outputs: Float32Array): void {
    const answered = deployment.answered(text.request);
    const plan = deployment.planOf(text.unit);
    if (answered === undefined || plan === undefined) return;
    const places = plan.outputs;
    this.#backoff.succeeded();
    const count = answered.rows.length;
    const cpuUs = text.cpuUs / count;
    deployment.noteCpu(text.unit, cpuUs);
    for (let at = 0; at < count; at++) {
      const slot = answered.slots[at] ?? -1;
      const first = at * places.width;
      const declaredMs = plan.latencyMs[answered.rows[at] ?? 0] ?? 0;
      const why = this.#guard.ran(slot, cpuUs, declaredMs, outputs[first] ?? NaN);
      if (why !== undefined && !this.#stopped.has(slot)) this.#stop(slot, "stopped", why, 0);
      this.#options.listener.scored(
        slot,
        answered.askers[at] ?? -1,
        answered.endsUs[at] ?? NaN,
        outputs,
        first,
        places,
      );
    }
    deployment.giveBack(answered);
  }

  /** The native library refused the run: not enough memory, or numbers that no operator takes. */
  #failed(deployment: Deployment, request: number, reason: string): void {
    const answered = deployment.answered(request);
    if (answered === undefined) return;
    const [only] = answered.slots;
    if (answered.slots.length > 1) {
      for (const { slot, asker, endUs, input } of windowsOf(answered)) {
        deployment.addAlone(slot, asker, endUs, input);
      }
    } else if (only !== undefined) {
      this.#lose(1);
      this.#stop(only, "stopped", `a window could not be run: ${reason}`, 1);
    }
  }

  #stop(slot: number, what: "stopped" | "crashed", reason: string, windowsLost: number): void {
    this.#stopped.add(slot);
    this.#options.listener.stopped(slot, what, reason, windowsLost);
  }

  #ended(deployment: Deployment, reason: string): void {
    const { running, behind } = deployment.takeOpen();
    if (this.#closing.signal.aborted || this.#letGo.has(deployment)) return;
    const isCurrent = deployment === this.#current;
    if (isCurrent) this.#answers = false;
    let lost = 0;
    let blamed: number | undefined;
    if (running?.slots.length === 1) {
      blamed = running.slots[0];
      lost = 1;
    } else if (running !== undefined) {
      this.#suspects.push(running);
      this.#heldCount += running.slots.length;
    }
    for (const request of behind) {
      this.#held.push(request);
      this.#heldCount += request.slots.length;
    }
    this.#lose(lost);
    const why =
      blamed === undefined
        ? undefined
        : this.#guard.crashed(blamed, this.#options.clock.monotonicMs());
    if (blamed !== undefined && why !== undefined) {
      this.#stop(blamed, "crashed", `${why} (last: ${reason})`, lost);
    } else {
      this.#options.listener.ended(reason, blamed, lost);
    }
    if (isCurrent) void this.#restart();
    else this.#sendHeld();
  }

  async #restart(): Promise<void> {
    this.#restarts++;
    const { clock, log } = this.#options;
    for (;;) {
      try {
        await clock.sleep(this.#backoff.nextMs(), this.#closing.signal);
      } catch {
        return;
      }
      try {
        await this.#inTurn(() => this.#reopen());
        return;
      } catch (failure) {
        log.error("detect.host-does-not-start", { error: failure });
      }
    }
  }

  async #reopen(): Promise<void> {
    const before = this.#current;
    // A deployment may have come before, and closing as well.
    if (before === undefined || this.#answers || this.#closing.signal.aborted) return;
    // Rows of a stack that were stopped stay where they are and are never asked.
    const plans = before.plans
      .filter(({ slots }) => !slots.every((slot) => this.#stopped.has(slot)))
      .map((plan, unit) => ({ ...plan, text: { ...plan.text, unit } }));
    if (plans.length === 0) return;
    this.#begin(await reopenDeployment(this.#surroundings, before, plans));
    this.#sendHeld();
    this.#options.log.info("detect.host-back", { units: plans.length });
  }

  #hold(slot: number, asker: number, endUs: number, input: ArrayLike<number>): void {
    this.#heldCount++;
    this.#held.push({
      id: 0,
      unit: 0,
      rows: Int32Array.of(0),
      slots: Int32Array.of(slot),
      askers: Int32Array.of(asker),
      endsUs: Float64Array.of(endUs),
      inputs: Float32Array.from(input),
    });
  }

  /** Those under suspicion first and one by one: if the host ends again, it is known with which. */
  #sendHeld(): void {
    const current = this.#current;
    if (current === undefined || !this.#answers) return;
    const [suspects, held] = [this.#suspects, this.#held];
    this.#suspects = [];
    this.#held = [];
    this.#heldCount = 0;
    for (const request of suspects) {
      for (const { slot, asker, endUs, input } of windowsOf(request)) {
        if (this.#stopped.has(slot) || !current.addAlone(slot, asker, endUs, input)) this.#lose(1);
      }
    }
    for (const request of held) {
      for (const { slot, asker, endUs, input } of windowsOf(request)) {
        if (this.#stopped.has(slot) || !current.add(slot, asker, endUs, input)) this.#lose(1);
      }
    }
    current.flush();
  }

  #lose(count: number): void {
    if (count > 0 && this.#windowsLost === 0) {
      this.#options.log.warn("detect.windows-lost", { count });
    }
    this.#windowsLost += count;
  }
}
