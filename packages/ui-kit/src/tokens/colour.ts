/** What the colour tests measure: contrast after WCAG 2.2 and distance in OKLab (Björn Ottosson, 2020). */

/** Linear light, 0 to 1. */
function linearOf(channel: number): number {
  const part = channel / 255;
  // WCAG 2.2, "relative luminance"; the threshold is that of IEC 61966-2-1.
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

export type Rgb = readonly [red: number, green: number, blue: number];

/** `#RRGGBB` as 0 to 255. */
export function toRgb(hex: string): Rgb {
  const number = Number.parseInt(hex.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

export function luminanceOf(rgb: Rgb): number {
  return 0.2126 * linearOf(rgb[0]) + 0.7152 * linearOf(rgb[1]) + 0.0722 * linearOf(rgb[2]);
}

/** WCAG 2.2 contrast ratio, 1 to 21. */
export function contrastOf(one: string, other: string): number {
  const a = luminanceOf(toRgb(one));
  const b = luminanceOf(toRgb(other));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

export type OkLab = readonly [lightness: number, a: number, b: number];

export function toOkLab(rgb: Rgb): OkLab {
  const [red, green, blue] = [linearOf(rgb[0]), linearOf(rgb[1]), linearOf(rgb[2])];
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ];
}

export function okLabDistance(one: OkLab, other: OkLab): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

export function chromaOf(colour: OkLab): number {
  return Math.hypot(colour[1], colour[2]);
}
