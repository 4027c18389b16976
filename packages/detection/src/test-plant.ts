/** A made machine for tests of detection: a few tags, a second at a time. */
import { seededRandom } from "@millwright/kit";

import { Detector, type DetectorListener } from "./detector.ts";
import type { EpisodeBody } from "./episode-track.ts";
import type { WatchedAsset, WatchedTag, WatchPlan } from "./plan.ts";

export const second = 1_000_000;
/** Dictionary indices. */
export const tags = { vibration: 3, temperature: 4, flow: 5, state: 9, setpoint: 10 } as const;
/** Numbers of the state tag. */
export const states = { off: 0, running: 2 } as const;

export function planWith(asset: Partial<WatchedAsset> = {}, learnS = 1_800): WatchPlan {
  return {
    episodesPerDayMax: 1,
    learnS,
    assets: [
      {
        id: "Pump 1",
        states: ["running"],
        state: {
          tag: tags.state,
          values: new Map([
            [states.off, "off"],
            [states.running, "running"],
          ]),
          expectedS: 1,
          settleS: 30,
        },
        setpoints: [tags.setpoint],
        tags: [tag("vibration", 5), tag("temperature", 60), tag("flow", 40)],
        ...asset,
      },
    ],
  };
}

export function tag(name: "vibration" | "temperature" | "flow", range: number): WatchedTag {
  return {
    tag: tags[name],
    id: `pump-1/${name}`,
    expectedS: 1,
    range,
    learnt: true,
    relativeTo: -1,
    low: NaN,
    high: NaN,
    perSecondMax: NaN,
  };
}

export interface Reading {
  readonly value: number;
  readonly status?: number;
}

/** Each second one sample of each tag, unless `alter` says otherwise: undefined is a sample that does not come. */
export type Alter = (
  name: keyof typeof tags,
  value: number,
  atS: number,
) => number | Reading | undefined;

export class MadePump {
  readonly episodes: { readonly asset: string; readonly body: EpisodeBody }[] = [];
  readonly changes: string[] = [];
  detector: Detector;
  atS = 0;
  readonly #random = seededRandom("made pump");

  constructor(plan: WatchPlan = planWith()) {
    this.detector = new Detector(plan, this.listener, 0);
  }

  get listener(): DetectorListener {
    return {
      episode: (asset, body) => this.episodes.push({ asset, body }),
      state: (_asset, state, before) => this.changes.push(`${before} > ${state}`),
    };
  }

  /** What was told, in short. */
  get told(): readonly string[] {
    return this.episodes.map(({ body }) => `${body.what} ${body.class}`);
  }

  play(seconds: number, alter: Alter = (_name, value) => value): void {
    for (let step = 0; step < seconds; step++) {
      this.atS++;
      const cycle = Math.sin((2 * Math.PI * this.atS) / 90);
      const noise = (): number => this.#random.normal();
      this.#take({
        vibration: alter("vibration", 1 + 0.05 * noise(), this.atS),
        temperature: alter("temperature", 42 + 0.1 * noise(), this.atS),
        flow: alter("flow", 48 + 8 * cycle + 0.1 * noise(), this.atS),
        state: alter("state", states.running, this.atS),
        setpoint: alter("setpoint", 2_900, this.atS),
      });
      this.detector.advance(this.atS * second, () => 0);
    }
  }

  #take(values: Readonly<Record<keyof typeof tags, number | Reading | undefined>>): void {
    const rows = Object.entries(values).flatMap(([name, each]) => {
      if (each === undefined) return [];
      const reading = typeof each === "number" ? { value: each } : each;
      return [{ tag: tags[name as keyof typeof tags], status: 0, ...reading }];
    });
    const atUs = this.atS * second;
    this.detector.take(
      {
        count: rows.length,
        tag: Int32Array.from(rows, (row) => row.tag),
        measuredUs: Float64Array.from(rows, () => atUs),
        value: Float64Array.from(rows, (row) => row.value),
        status: Uint32Array.from(rows, (row) => row.status),
      },
      atUs,
    );
  }
}
