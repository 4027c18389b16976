/** One bundle on one asset: samples come in, windows that may be scored go out, scores come back. */
import {
  FeatureStream,
  longestWindow,
  type FeatureSink,
  type MissingReason,
  type SampleRun,
} from "@millwright/features";
import { bundleTitle, type Manifest } from "@millwright/model-bundle";
import type { DeviceId } from "@millwright/wire-contract";
import type { BundleRole, Contribution, OperatingState } from "@millwright/wire-contract/events";

import { drifting, DriftWatch, steady } from "./drift.ts";
import { ScoreGate } from "./score-gate.ts";

/** An input of the bundle as this asset has it; absent tags are inputs that are not required. */
export interface WatchedInput {
  readonly property: string;
  readonly tag:
    { readonly id: string; readonly index: number; readonly device: DeviceId } | undefined;
}

/** What an asset is doing, and from when on that counts as settled. */
export interface WatchedState {
  readonly state: OperatingState | "unknown";
  readonly sinceUs: number;
  readonly settledFromUs: number;
}

export interface WatchListener {
  /** A window may be scored. @param vector reused after the call */
  due(watch: BundleWatch, endUs: number, vector: Float64Array): void;
  /** A window that was due is not scored. */
  silent?(watch: BundleWatch, endUs: number, why: Silence): void;
  /** An input left what the bundle was trained for, or is back in it. */
  range(watch: BundleWatch, endUs: number, what: "outside" | "inside", reason: string): void;
  drift(watch: BundleWatch, atUs: number): void;
}

/** Why the newest window was not scored, in words; "" when it was. */
export type Silence = string;

export interface WatchOptions {
  readonly manifest: Manifest;
  readonly role: BundleRole;
  readonly slot: number;
  /** Its place among the watches: what the host answers with. */
  readonly asker: number;
  readonly asset: string;
  readonly inputs: readonly WatchedInput[];
  readonly state: () => WatchedState | undefined;
  readonly listener: WatchListener;
}

/** So many windows within the range until an input counts as back: a value on the edge would be told each second. */
const backAfter = 60;
/** More tags than these do not help anybody to find the trouble. */
const contributionsMax = 8;
/** An unsettled or unknown state, or an input that lacks, is looked at again with each window. */
const goodSeverity = 1;

export class BundleWatch implements FeatureSink {
  readonly manifest: Manifest;
  /** Name and version. */
  readonly title: string;
  readonly role: BundleRole;
  readonly asset: string;
  readonly asker: number;
  readonly gate: ScoreGate;
  readonly inputs: readonly WatchedInput[];
  readonly slot: number;
  readonly #state: () => WatchedState | undefined;
  readonly #listener: WatchListener;
  #windowing: Windowing;
  /** How far back a window reaches, µs. */
  readonly #spanUs: number;
  /** What each input was trained on, beside each other: each sample is compared. */
  readonly #least: Float64Array;
  readonly #most: Float64Array;
  readonly #inputDrift: readonly DriftWatch[];
  readonly #scoreDrift: DriftWatch;
  /** Index of each input, then of the scores; NaN until it was judged once. */
  readonly #indices: Float64Array;
  #insideWindows = backAfter;
  #silence: Silence = "no window is full yet";
  #lastScore = NaN;
  #lastScoreUs = 0;
  #windows = 0;
  #unscored = 0;

  constructor(options: WatchOptions) {
    const { manifest, role, slot, asker, asset, inputs, state, listener } = options;
    this.manifest = manifest;
    this.title = bundleTitle(manifest);
    this.role = role;
    this.slot = slot;
    this.asker = asker;
    this.asset = asset;
    this.inputs = inputs;
    this.#state = state;
    this.#listener = listener;
    this.gate = new ScoreGate(manifest.limits);
    const { features, lag } = manifest;
    this.#windowing = new Windowing(manifest, this);
    const rows = longestWindow(features) + lag * features.everyRows;
    this.#spanUs = rows * features.gridMs * 1_000 + features.holdMs * 1_000;
    this.#least = Float64Array.from(manifest.inputs, ({ trained }) => trained.min);
    this.#most = Float64Array.from(manifest.inputs, ({ trained }) => trained.max);
    this.#inputDrift = manifest.inputs.map(({ histogram }) => new DriftWatch(histogram));
    this.#scoreDrift = new DriftWatch(manifest.scores);
    this.#indices = new Float64Array(inputs.length + 1).fill(NaN);
  }

  get silence(): Silence {
    return this.#silence;
  }

  /** Score over its limit, NaN before the first. */
  get lastScore(): number {
    return this.#lastScore;
  }

  get lastScoreUs(): number {
    return this.#lastScoreUs;
  }

  get counts(): { readonly windows: number; readonly unscored: number } {
    return { windows: this.#windows, unscored: this.#unscored };
  }

  /** Population stability index by tag, of what was judged; "" stands for the scores. */
  drift(): readonly { readonly tag: string; readonly index: number }[] {
    return [...this.inputs.map(({ tag }) => tag?.id), ""].flatMap((tag, at) => {
      const index = this.#indices[at] ?? NaN;
      return tag === undefined || Number.isNaN(index) ? [] : [{ tag, index }];
    });
  }

  push(input: number, measuredUs: number, value: number, status: number): void {
    const good = status >>> 30 < goodSeverity;
    if (good) {
      this.#windowing.lastValue[input] = value;
      const outside =
        value < (this.#least[input] ?? -Infinity) || value > (this.#most[input] ?? Infinity);
      this.#windowing.judgeRange(input, measuredUs, outside);
    }
    this.#windowing.stream.push(input, measuredUs, value, good);
  }

  /** As `push` for each: samples of neighbouring inputs, from the place `from` to before `to`. */
  pushRun(input: number, run: SampleRun, from: number, to: number): void {
    const windowing = this.#windowing;
    for (let at = from; at < to;) {
      const own = input + at - from;
      const kept = windowing.stream.keepRun(own, run, at, to);
      if (kept > at) {
        windowing.note(own, run, at, kept, this.#least, this.#most);
        at = kept;
      } else {
        this.push(own, run.measuredUs[at] ?? NaN, run.value[at] ?? NaN, run.status[at] ?? 0);
        at++;
      }
    }
  }

  /** What an input said last is proven to hold until `us`. */
  holdUntil(input: number, us: number): void {
    this.#windowing.stream.holdUntil(input, us);
  }

  /**
   * Goes on with the windows of the version before it, where both cut them alike, so that none is missing between the two.
   *
   * @returns false when its first window has to fill
   */
  follow(before: BundleWatch): boolean {
    if (windowWords(this) !== windowWords(before)) return false;
    this.#windowing = before.#windowing;
    this.#windowing.to = this;
    this.#silence = before.#silence;
    return true;
  }

  /** From `FeatureStream`. */
  scorable(endUs: number, vector: Float64Array): void {
    this.#windows++;
    const why = this.#stateSilence(endUs) ?? this.#rangeSilence(endUs);
    this.#silence = why ?? "";
    if (why !== undefined) {
      this.#unscored++;
      this.gate.restart();
      this.#listener.silent?.(this, endUs, why);
      return;
    }
    for (let input = 0; input < this.inputs.length; input++) {
      const value = this.#windowing.lastValue[input] ?? NaN;
      if (!Number.isNaN(value)) this.#judgeDrift(this.#inputDrift[input], input, endUs, value);
    }
    this.#listener.due(this, endUs, vector);
  }

  /** From `FeatureStream`. */
  lacking(endUs: number, input: number, reason: MissingReason | "unfilled"): void {
    this.#windows++;
    this.#unscored++;
    const tag = this.inputs[input]?.tag?.id ?? this.inputs[input]?.property ?? "an input";
    this.#silence = lackWords[reason](tag);
    this.gate.restart();
    this.#listener.silent?.(this, endUs, this.#silence);
  }

  /** The score of a window came back. @returns it over its limit, as the gate has it */
  scored(endUs: number, score: number): number {
    if (!Number.isFinite(score)) {
      this.#silence = "its score was no number";
      this.#lastScore = NaN;
      return NaN;
    }
    this.#judgeDrift(this.#scoreDrift, this.inputs.length, endUs, score / this.manifest.limits.on);
    this.#lastScore = this.gate.judge(endUs, score);
    this.#lastScoreUs = endUs;
    return this.#lastScore;
  }

  /** @param found of the model, one an input, or none; `expected` likewise */
  contributions(found: ArrayLike<number>, expected: ArrayLike<number>): readonly Contribution[] {
    let sum = 0;
    for (let at = 0; at < found.length; at++) sum += Math.abs(found[at] ?? 0);
    const all = this.inputs.flatMap(({ tag }, at): Contribution[] => {
      const share = sum > 0 ? Math.abs(found[at] ?? 0) / sum : 1 / this.inputs.length;
      if (tag === undefined || !Number.isFinite(share)) return [];
      const actual = this.#windowing.lastValue[at] ?? NaN;
      const wanted = expected[at] ?? NaN;
      return [
        {
          tag: tag.id,
          share,
          actual: Number.isFinite(actual) ? actual : null,
          expected: Number.isFinite(wanted) ? wanted : null,
          within: null,
        },
      ];
    });
    return all.toSorted((a, b) => b.share - a.share).slice(0, contributionsMax);
  }

  #stateSilence(endUs: number): Silence | undefined {
    const { states, settlingS } = this.manifest;
    if (states.length === 0) return undefined;
    const found = this.#state();
    if (found === undefined || found.state === "unknown") return "the operating state is not known";
    if (!states.includes(found.state)) return `not trained for the state "${found.state}"`;
    if (endUs < found.settledFromUs || endUs - found.sinceUs < settlingS * 1_000_000) {
      return `the state "${found.state}" has not settled yet`;
    }
    return undefined;
  }

  #rangeSilence(endUs: number): Silence | undefined {
    for (let input = 0; input < this.inputs.length; input++) {
      if (endUs - this.#windowing.outsideUntilUs(input) > this.#spanUs) continue;
      const { trained, unit } = this.manifest.inputs[input] ?? {};
      const tag = this.inputs[input]?.tag?.id ?? "";
      const reason = `${tag} is outside of what the bundle was trained for (${trained?.min} to ${trained?.max} ${unit})`;
      if (this.#insideWindows >= backAfter) {
        this.#listener.range(
          this,
          endUs,
          "outside",
          `${reason}; its windows are not scored until it is back`,
        );
      }
      this.#insideWindows = 0;
      return reason;
    }
    if (this.#insideWindows < backAfter && ++this.#insideWindows === backAfter) {
      this.#listener.range(
        this,
        endUs,
        "inside",
        "all inputs are within what the bundle was trained for again",
      );
    }
    return undefined;
  }

  #judgeDrift(watch: DriftWatch | undefined, place: number, atUs: number, value: number): void {
    const index = watch?.add(atUs, value);
    if (index === undefined) return;
    const before = this.#indices[place] ?? NaN;
    this.#indices[place] = index;
    // Between the two nothing is told: it would come and go.
    const worse = index > drifting && !(before > drifting);
    const better = index < steady && before > steady;
    if (worse || better) this.#listener.drift(this, atUs);
  }
}

/** What outlives a version: the windows as they fill. */
class Windowing implements FeatureSink {
  readonly stream: FeatureStream;
  readonly lastValue: Float64Array;
  /** When each input was last outside of its trained range, µs; Infinity while it is. */
  readonly #outsideUs: Float64Array;
  /** How many are outside now. */
  #outside = 0;
  to: FeatureSink;

  constructor({ features, inputs, lag }: Manifest, to: FeatureSink) {
    this.to = to;
    this.lastValue = new Float64Array(inputs.length).fill(NaN);
    this.#outsideUs = new Float64Array(inputs.length).fill(-Infinity);
    const properties = inputs.map(({ property }) => property);
    this.stream = new FeatureStream(features, properties, this, lag);
  }

  /** A value outside stays outside until another comes, however long that takes. */
  judgeRange(input: number, measuredUs: number, outside: boolean): void {
    // Nearly always: nothing is outside, and nothing was.
    if (!outside && this.#outside === 0) return;
    const was = this.#outsideUs[input] === Infinity;
    if (outside === was) return;
    this.#outsideUs[input] = outside ? Infinity : measuredUs;
    this.#outside += outside ? 1 : -1;
  }

  /** What single values say beside their windows. @param least,most what each input was trained on */
  note(
    input: number,
    { measuredUs, value, status }: SampleRun,
    from: number,
    to: number,
    least: Float64Array,
    most: Float64Array,
  ): void {
    const { lastValue } = this;
    for (let at = from, own = input; at < to; at++, own++) {
      if ((status[at] ?? 0) >>> 30 >= goodSeverity) continue;
      const number = value[at] ?? NaN;
      lastValue[own] = number;
      const outside = number < (least[own] ?? -Infinity) || number > (most[own] ?? Infinity);
      this.judgeRange(own, measuredUs[at] ?? NaN, outside);
    }
  }

  outsideUntilUs(input: number): number {
    return this.#outsideUs[input] ?? -Infinity;
  }

  scorable(endUs: number, vector: Float64Array): void {
    this.to.scorable(endUs, vector);
  }

  lacking(endUs: number, input: number, reason: MissingReason | "unfilled"): void {
    this.to.lacking(endUs, input, reason);
  }
}

function windowWords({ manifest, inputs }: BundleWatch): string {
  const tags = inputs.map(({ property, tag }) => [property, tag?.index]);
  return JSON.stringify([manifest.features, manifest.lag, tags]);
}

const lackWords: Readonly<Record<MissingReason | "unfilled", (tag: string) => string>> = {
  bad: (tag) => `${tag} is bad`,
  stale: (tag) => `${tag} has not come for too long, and its device does not prove that it holds`,
  absent: (tag) => `${tag} has not come yet`,
  unfilled: (tag) => `the window over ${tag} is not full yet`,
};
