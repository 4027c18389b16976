/** X6 and X7: what colours a picture of a healthy screen holds. */
import { readFileSync } from "node:fs";

import { chromaOf, okLabDistance, toOkLab, toRgb, type OkLab } from "@millwright/ui-kit/colour";
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
