/**
 * One bundle on one asset over what the journal knows: the windows, the silence and the gate of the running gateway, fed from
 * the past. Samples come one by one in the order in which they were received; what is due is scored when `caughtUp` is called.
 */
import { Detector, type WatchPlan } from "@millwright/detection";
import type { Manifest } from "@millwright/model-bundle";

import { BundleWatch, type Silence, type WatchedInput } from "../models/bundle-watch.ts";
import { ScoreGate } from "../models/score-gate.ts";
import type { BundleScorer, DueWindow } from "./bundle-scorer.ts";

export interface PlayedBundleOptions {
  readonly manifest: Manifest;
  readonly asset: string;
  readonly inputs: readonly WatchedInput[];
  /** Of this asset alone, for its operating state. */
  readonly plan: WatchPlan;
  readonly tags: readonly PlayedTag[];
  readonly scorer: Pick<BundleScorer, "score">;
  readonly beganUs: number;
  readonly listener: PlayedBundleListener;
}

/** Of what is played, in its order. */
export interface PlayedTag {
  /** In the dictionary. */
  readonly index: number;
  /** Its device tells changes and proves what stays: a value holds until the device says something else. */
  readonly proven: boolean;
}

export interface PlayedBundleListener {
  /** @param ratio the score over the bundle's limit, as detection is told it; NaN when the score was no number */
  judged(endUs: number, score: number, ratio: number): void;
  /** A window was due and was not scored. */
  silent(endUs: number, why: Silence): void;
  /** The gateway was down from then on. */
  stopped(atUs: number): void;
}

type Happening =
  | ({ readonly kind: "due" } & DueWindow)
  | { readonly kind: "silent"; readonly endUs: number; readonly why: Silence }
  | { readonly kind: "restarted"; readonly endUs: number };

interface LastValue {
  readonly value: number;
  readonly status: number;
  readonly measuredUs: number;
}

export class PlayedBundle {
  readonly #options: PlayedBundleOptions;
  /** By place of a tag: the inputs that it is. */
  readonly #inputsOf: readonly (readonly number[])[];
  readonly #last: (LastValue | undefined)[];
  readonly #row = {
    count: 1,
    tag: new Int32Array(1),
    measuredUs: new Float64Array(1),
    value: new Float64Array(1),
    status: new Uint32Array(1),
  };
  #watch: BundleWatch;
  #detector: Detector;
  #gate: ScoreGate;
  #happened: Happening[] = [];
  #nowUs = 0;

  constructor(options: PlayedBundleOptions) {
    this.#options = options;
    const { tags, inputs, manifest, beganUs } = options;
    this.#inputsOf = tags.map(({ index }) =>
      inputs.flatMap(({ tag }, input) => (tag?.index === index ? [input] : [])),
    );
    this.#last = tags.map(() => undefined);
    this.#watch = this.#newWatch();
    this.#detector = this.#newDetector(beganUs);
    this.#gate = new ScoreGate(manifest.limits);
  }

  /** What was known when the time began, the newest first. */
  seed(place: number, value: number, status: number, measuredUs: number): void {
    this.value(place, measuredUs, value, status, measuredUs);
  }

  value(place: number, atUs: number, value: number, status: number, measuredUs: number): void {
    const tag = this.#options.tags[place];
    if (tag === undefined) return;
    this.#nowUs = atUs;
    if (tag.proven) this.#last[place] = { value, status, measuredUs };
    // Detection hears of a batch before models do.
    this.#row.tag[0] = tag.index;
    this.#row.measuredUs[0] = measuredUs;
    this.#row.value[0] = value;
    this.#row.status[0] = status;
    this.#detector.take(this.#row, atUs);
    for (const input of this.#inputsOf[place] ?? []) {
      this.#watch.push(input, measuredUs, value, status);
    }
  }

  /** Windows fill anew; values that are told once are read anew. */
  restarted(endedUs: number, beganUs: number): void {
    this.#happened.push({ kind: "restarted", endUs: endedUs });
    this.#watch = this.#newWatch();
    this.#detector = this.#newDetector(beganUs);
    const known = this.#last
      .map((last, place) => ({ last, place }))
      .toSorted((a, b) => (b.last?.measuredUs ?? 0) - (a.last?.measuredUs ?? 0));
    for (const { last, place } of known) {
      if (last === undefined) continue;
      const { value, status, measuredUs } = last;
      this.value(place, Math.max(beganUs, measuredUs), value, status, measuredUs);
    }
  }

  /** Scores what is due so far, and says of each window what came of it, in their order. */
  async caughtUp(): Promise<void> {
    const happened = this.#happened;
    this.#happened = [];
    const due = happened.filter((each) => each.kind === "due");
    const { scorer, listener, manifest } = this.#options;
    const scores = due.length === 0 ? new Float64Array(0) : await scorer.score(due);
    let next = 0;
    for (const each of happened) {
      switch (each.kind) {
        case "due": {
          const score = scores[next++] ?? NaN;
          const ratio = Number.isFinite(score) ? this.#gate.judge(each.endUs, score) : NaN;
          listener.judged(each.endUs, score, ratio);
          break;
        }
        case "silent":
          this.#gate.restart();
          listener.silent(each.endUs, each.why);
          break;
        case "restarted":
          this.#gate = new ScoreGate(manifest.limits);
          listener.stopped(each.endUs);
          break;
      }
    }
  }

  #newWatch(): BundleWatch {
    const { manifest, asset, inputs, tags } = this.#options;
    const watch = new BundleWatch({
      ...{ manifest, asset, inputs, role: "live", slot: 1, asker: 1 },
      state: () => this.#detector.status(asset),
      listener: {
        due: (_watch, endUs, vector) => {
          const heardUs = this.#nowUs;
          this.#happened.push({ kind: "due", heardUs, endUs, vector: vector.slice() });
        },
        silent: (_watch, endUs, why) => {
          this.#happened.push({ kind: "silent", endUs, why });
        },
        range: () => undefined,
        drift: () => undefined,
      },
    });
    tags.forEach(({ proven }, place) => {
      if (!proven) return;
      for (const input of this.#inputsOf[place] ?? []) watch.holdUntil(input, Infinity);
    });
    return watch;
  }

  /** Of the asset's state alone: its tags are judged by nobody here. */
  #newDetector(beganUs: number): Detector {
    const { plan } = this.#options;
    const assets = plan.assets.map((asset) => ({ ...asset, tags: [] }));
    const silent = { episode: () => undefined, state: () => undefined };
    return new Detector({ ...plan, assets }, silent, beganUs);
  }
}
