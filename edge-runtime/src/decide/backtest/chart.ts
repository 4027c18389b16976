/** The time of a backtest as a picture: each number as the band it stayed in, and where the rule was fired. */
import type { Label, Outcome } from "./outcome.ts";
import type { Stretch } from "./past.ts";

const [width, rowHeight, left, top, gap] = [1_200, 110, 90, 54, 26] as const;

/** Least and greatest of a number in each column of the picture. */
export class ChartLine {
  readonly name: string;
  readonly unit: string;
  readonly #time: Stretch;
  readonly #least = new Float64Array(width).fill(Infinity);
  readonly #greatest = new Float64Array(width).fill(-Infinity);

  constructor(name: string, unit: string, time: Stretch) {
    this.name = name;
    this.unit = unit;
    this.#time = time;
  }

  add(atUs: number, value: number): void {
    const { fromUs, toUs } = this.#time;
    const column = Math.floor(((atUs - fromUs) * width) / (toUs - fromUs));
    if (!Number.isFinite(value) || column < 0 || column >= width) return;
    this.#least[column] = Math.min(this.#least[column] ?? value, value);
    this.#greatest[column] = Math.max(this.#greatest[column] ?? value, value);
  }

  /** @param y of the upper end of the row */
  svg(y: number): string {
    let [low, high] = [Infinity, -Infinity];
    for (let column = 0; column < width; column++) {
      low = Math.min(low, this.#least[column] ?? Infinity);
      high = Math.max(high, this.#greatest[column] ?? -Infinity);
    }
    const title = `<text x="${left}" y="${y - 6}">${escaped(`${this.name} ${this.unit}`.trim())}</text>`;
    if (low > high) return `${title}<text x="${left}" y="${y + 20}">no values</text>`;
    const scale = high === low ? 0 : rowHeight / (high - low);
    const yOf = (value: number): string =>
      (y + (scale === 0 ? rowHeight / 2 : (high - value) * scale)).toFixed(1);
    let path = "";
    for (let column = 0; column < width; column++) {
      const [least, greatest] = [this.#least[column] ?? 0, this.#greatest[column] ?? 0];
      if (least > greatest) continue;
      // A value that stays is a point, and a point of no height is not drawn.
      path += `M${left + column + 0.5} ${yOf(greatest)}V${(Number(yOf(least)) + 1).toFixed(1)}`;
    }
    return `${title}<text x="${left - 8}" y="${y + 10}" text-anchor="end">${short(high)}</text><text x="${left - 8}" y="${y + rowHeight}" text-anchor="end">${short(low)}</text><path d="${path}" stroke="#1f6fb2" fill="none"/>`;
  }
}

/** A whole SVG file. */
export function chartSvg(
  title: string,
  time: Stretch,
  lines: readonly ChartLine[],
  { fired, unknown }: Outcome,
  labels: readonly Label[],
): string {
  const rows = lines.length;
  const bandY = top + rows * (rowHeight + gap);
  const height = bandY + 96;
  const x = (us: number): number =>
    left +
    (Math.min(Math.max(us, time.fromUs), time.toUs) - time.fromUs) *
      (width / (time.toUs - time.fromUs));
  const band = (fromUs: number, toUs: number, y: number, high: number, fill: string): string => {
    const from = x(fromUs);
    // Ever so short a fire is to be seen.
    const wide = Math.max(1, x(toUs) - from);
    return `<rect x="${from.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${high}" fill="${fill}"/>`;
  };
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 20}" height="${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="100%" height="100%" fill="#fff"/><text x="${left}" y="20" font-size="15">${escaped(title)}</text>`,
    ...fired.map(({ fromUs, toUs }) =>
      band(fromUs, toUs ?? time.toUs, top - 4, bandY - top, "#f6d9b8"),
    ),
    ...lines.map((line, at) => line.svg(top + 10 + at * (rowHeight + gap))),
    ...["fired", "unknown", "labels"].map(
      (name, at) =>
        `<text x="${left - 8}" y="${bandY + 24 + at * 18}" text-anchor="end">${name}</text>`,
    ),
    ...fired.map(({ fromUs, toUs }) => band(fromUs, toUs ?? time.toUs, bandY + 14, 12, "#c2570c")),
    ...unknown.map(({ fromUs, toUs }) => band(fromUs, toUs ?? time.toUs, bandY + 32, 12, "#888")),
    ...labels.map(({ fromUs, toUs, fault }) =>
      band(fromUs, toUs, bandY + 50, 12, fault ? "#7a3db8" : "#3a8f4d"),
    ),
    `<text x="${left}" y="${height - 8}">${new Date(time.fromUs / 1_000).toISOString()}</text>`,
    `<text x="${left + width}" y="${height - 8}" text-anchor="end">${new Date(time.toUs / 1_000).toISOString()}</text>`,
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function short(value: number): string {
  return Number(value.toPrecision(4)).toString();
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
