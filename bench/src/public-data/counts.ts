/** Point by point, pooled over runs, without point adjustment. */
export interface Counts {
  tp: number;
  fp: number;
  tn: number;
  fn: number;
}

export interface Rates {
  readonly f1: number;
  readonly farPercent: number;
  readonly marPercent: number;
}

export function ratesOf({ tp, fp, tn, fn }: Counts): Rates {
  return {
    f1: (2 * tp) / Math.max(1, 2 * tp + fp + fn),
    farPercent: (100 * fp) / Math.max(1, fp + tn),
    marPercent: (100 * fn) / Math.max(1, tp + fn),
  };
}

/** One scored row. */
export interface ScoredRow {
  readonly score: number;
  readonly anomaly: boolean;
}

export function countAt(rows: readonly ScoredRow[], threshold: number): Counts {
  const counts: Counts = { tp: 0, fp: 0, tn: 0, fn: 0 };
  for (const { score, anomaly } of rows) {
    if (score >= threshold) counts[anomaly ? "tp" : "fp"]++;
    else counts[anomaly ? "fn" : "tn"]++;
  }
  return counts;
}

export interface Point extends Rates {
  readonly threshold: number;
}

/** Rates at every threshold that changes something, highest threshold first: one pass over sorted scores. */
export function curveOf(rows: readonly ScoredRow[]): readonly Point[] {
  const sorted = rows.toSorted((a, b) => b.score - a.score);
  const counts = countAt(rows, Infinity);
  const curve: Point[] = [];
  sorted.forEach(({ score, anomaly }, index) => {
    if (anomaly) {
      counts.tp++;
      counts.fn--;
    } else {
      counts.fp++;
      counts.tn--;
    }
    if (sorted[index + 1]?.score !== score) curve.push({ threshold: score, ...ratesOf(counts) });
  });
  return curve;
}

/** The best F1 among the points that `allowed` lets through. */
export function bestF1(
  curve: readonly Point[],
  allowed: (point: Point) => boolean = () => true,
): Point | undefined {
  let best: Point | undefined;
  for (const point of curve) {
    if (allowed(point) && (best === undefined || point.f1 > best.f1)) best = point;
  }
  return best;
}
