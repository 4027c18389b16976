/** Dashes of the chart pens, in order of use, so that eight traces survive greyscale (ux-guide 3.2). */
const dashes: readonly (readonly number[])[] = [
  [],
  [8, 4],
  [2, 3],
  [12, 4, 2, 4],
  [],
  [4, 4],
  [8, 3, 2, 3],
  [2, 6],
];

export interface PenStyle {
  readonly colour: string;
  readonly width: number;
  readonly dash: readonly number[];
}

/** The same pen for what was earlier: half as wide, and with dashes also where it has none (ux-guide 8, H4). */
export function earlierPen(pen: PenStyle): PenStyle {
  return { ...pen, width: pen.width / 2, dash: pen.dash.length === 0 ? [5, 5] : pen.dash };
}

/** @param index from 0; past the last pen it begins anew, because a chart holds at most eight traces */
export function penOf(index: number, property: (name: string) => string): PenStyle {
  const place = index % dashes.length;
  return {
    colour: property(`--pen-${place + 1}`),
    width: Number(property(`--pen-${place + 1}-width`)) || 1.5,
    dash: dashes[place] ?? [],
  };
}
