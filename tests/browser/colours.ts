/** X6 and X7: what colours a picture of a healthy screen holds. */
import { readFileSync } from "node:fs";

import {
  chromaOf,
  contrastOf,
  okLabDistance,
  toOkLab,
  toRgb,
  type OkLab,
} from "@millwright/ui-kit/colour";
import { PNG } from "pngjs";

interface AlarmTokens {
  readonly alarm: Readonly<Record<string, { readonly fill: readonly string[] }>>;
}

const tokens = JSON.parse(
  readFileSync(new URL(import.meta.resolve("@millwright/ui-kit/tokens.json")), "utf8"),
) as AlarmTokens;

export interface Colours {
  /** Pixels close to the fill of an alarm or advice of this theme. */
  readonly alarming: number;
  /** Share of pixels with OKLCH chroma above 0.10. */
  readonly vivid: number;
}

/** @param theme 0 light, 1 dark, 2 glare */
export function coloursOf(picture: Buffer, theme: number): Colours {
  const { data } = PNG.sync.read(picture);
  const fills = Object.values(tokens.alarm).map((one) => toOkLab(toRgb(one.fill[theme] ?? "")));
  const counts = new Map<number, number>();
  // Most pixels are as the one before them, so a run of them is counted at once.
  let run = 0;
  let ran = 0;
  const count = (): void => void counts.set(run, (counts.get(run) ?? 0) + ran);
  for (let index = 0; index < data.length; index += 4) {
    const colour =
      ((data[index] ?? 0) << 16) | ((data[index + 1] ?? 0) << 8) | (data[index + 2] ?? 0);
    if (colour !== run) {
      count();
      run = colour;
      ran = 0;
    }
    ran += 1;
  }
  count();
  let alarming = 0;
  let vivid = 0;
  for (const [colour, count] of counts) {
    const lab: OkLab = toOkLab([colour >> 16, (colour >> 8) & 255, colour & 255]);
    if (fills.some((fill) => okLabDistance(fill, lab) < 0.05)) alarming += count;
    if (chromaOf(lab) > 0.1) vivid += count;
  }
  return { alarming, vivid: vivid / (data.length / 4) };
}

/** A part of a picture, px. */
export interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Rows of the same ground are fewer than this share where it is a line of the grid. */
const groundLeast = 0.1;

/**
 * How well a pattern is seen: of each row the contrast between its ground, which is its most frequent colour, and what
 * stands out from it most; the lowest of all rows of the same ground, by that ground.
 */
export function patternContrasts(picture: Buffer, part: Part): ReadonlyMap<string, number> {
  const { data, width } = PNG.sync.read(picture);
  const rows = Map.groupBy(
    Array.from({ length: Math.floor(part.height) }, (_, row) => {
      const counts = new Map<string, number>();
      for (let x = Math.ceil(part.x); x < Math.floor(part.x + part.width); x++) {
        const at = 4 * ((Math.ceil(part.y) + row) * width + x);
        const colour = `#${data.subarray(at, at + 3).toString("hex")}`;
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
      }
      const [[ground] = [""]] = [...counts].toSorted(([, one], [, other]) => other - one);
      const most = Math.max(...[...counts.keys()].map((colour) => contrastOf(ground, colour)));
      return { ground, most };
    }),
    ({ ground }) => ground,
  );
  return new Map(
    [...rows]
      .filter(([, same]) => same.length >= groundLeast * part.height)
      .map(([ground, same]) => [ground, Math.min(...same.map(({ most }) => most))]),
  );
}
