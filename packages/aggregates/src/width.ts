/**
 * Widths of buckets, µs. Buckets lie on the grid of UTC: a bucket of an hour begins with the hour. Days, shifts and
 * months are made from buckets by who knows the calendar (field practice 16).
 */
export const widths = {
  /** Only for tags faster than 8 Hz: for slower ones the samples themselves are smaller. */
  second: 1_000_000,
  minute: 60_000_000,
  hour: 3_600_000_000,
} as const;

export type WidthUs = (typeof widths)[keyof typeof widths];

/** Begin of the bucket that holds this moment. */
export function bucketStart(us: number, widthUs: WidthUs): number {
  return Math.floor(us / widthUs) * widthUs;
}
