/** Small dense matrices, row by row, for what a detector is fitted with. */
export type Matrix = readonly Float64Array[];

/** Means of the columns. */
export function columnMeans(rows: readonly Float64Array[]): Float64Array {
  const width = rows[0]?.length ?? 0;
  const means = new Float64Array(width);
  for (const row of rows)
    for (let at = 0; at < width; at++) means[at] = (means[at] ?? 0) + (row[at] ?? 0);
  return means.map((sum) => sum / rows.length);
}

/** Standard deviations (n − 1) of the columns; at least `floor`, so that a column that never moved can be divided by. */
export function columnSpreads(
  rows: readonly Float64Array[],
  means: Float64Array,
  floor: number,
): Float64Array {
  const sums = new Float64Array(means.length);
  for (const row of rows) {
    for (let at = 0; at < sums.length; at++) {
      sums[at] = (sums[at] ?? 0) + ((row[at] ?? 0) - (means[at] ?? 0)) ** 2;
    }
  }
  return sums.map((sum, at) =>
    Math.max(
      Math.sqrt(sum / Math.max(1, rows.length - 1)),
      floor * Math.max(1, Math.abs(means[at] ?? 0)),
    ),
  );
}

/** (rows − centre) / scale. */
export function standardised(
  row: Float64Array,
  centre: Float64Array,
  scale: Float64Array,
): Float64Array {
  return row.map((value, at) => (value - (centre[at] ?? 0)) / (scale[at] ?? 1));
}

/** Σ z zᵀ / (n − 1) of rows that have no mean. */
export function covariance(rows: readonly Float64Array[]): Matrix {
  const width = rows[0]?.length ?? 0;
  const sums = Array.from({ length: width }, () => new Float64Array(width));
  for (const row of rows) {
    for (let i = 0; i < width; i++) {
      const left = row[i] ?? 0;
      const into = sums[i];
      if (into === undefined) continue;
      for (let j = 0; j <= i; j++) into[j] = (into[j] ?? 0) + left * (row[j] ?? 0);
    }
  }
  const of = (i: number, j: number): number =>
    (sums[Math.max(i, j)]?.[Math.min(i, j)] ?? 0) / Math.max(1, rows.length - 1);
  return sums.map((_unused, i) => Float64Array.from({ length: width }, (_each, j) => of(i, j)));
}

/** Shrinks towards the identity: what is a coincidence of few samples weighs less (Ledoit and Wolf 2004). */
export function shrunk(matrix: Matrix, share: number): Matrix {
  return matrix.map((row, i) => row.map((value, j) => (1 - share) * value + (i === j ? share : 0)));
}

/** Inverse of a symmetric positive definite matrix (Cholesky). */
export function inverseOf(matrix: Matrix): Matrix {
  const size = matrix.length;
  const lower = Array.from({ length: size }, () => new Float64Array(size));
  const at = (rows: readonly Float64Array[], i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 0; i < size; i++) {
    const row = lower[i];
    if (row === undefined) continue;
    for (let j = 0; j <= i; j++) {
      let sum = at(matrix, i, j);
      for (let k = 0; k < j; k++) sum -= at(lower, i, k) * at(lower, j, k);
      if (i === j) {
        if (!(sum > 0)) throw new Error("the matrix is not positive definite: shrink it more");
        row[j] = Math.sqrt(sum);
      } else row[j] = sum / at(lower, j, j);
    }
  }
  // Columns of L⁻¹, then L⁻ᵀ L⁻¹.
  const inverse = Array.from({ length: size }, () => new Float64Array(size));
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= at(lower, i, k) * at(inverse, k, j);
      const row = inverse[i];
      if (row !== undefined) row[j] = sum / at(lower, i, i);
    }
  }
  return inverse.map((_unused, i) =>
    Float64Array.from({ length: size }, (_each, j) => {
      let sum = 0;
      for (let k = Math.max(i, j); k < size; k++) sum += at(inverse, k, i) * at(inverse, k, j);
      return sum;
    }),
  );
}

export interface Eigen {
  /** Largest first. */
  readonly values: readonly number[];
  /** Unit vectors, in the order of the values. */
  readonly vectors: readonly Float64Array[];
}

// Jacobi converges quadratically; real covariances need about eight sweeps.
const sweepsMax = 50;

/** Eigenvalues and vectors of a symmetric matrix (cyclic Jacobi; Golub and Van Loan, 8.5). */
export function eigenOf(matrix: Matrix): Eigen {
  const size = matrix.length;
  const a = matrix.map((row) => Float64Array.from(row));
  const v = a.map((_unused, i) =>
    Float64Array.from({ length: size }, (_each, j) => (i === j ? 1 : 0)),
  );
  for (let sweep = 0; sweep < sweepsMax; sweep++) {
    let off = 0;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) off += (a[p]?.[q] ?? 0) ** 2;
    if (off < 1e-22 * size) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, v, p, q);
  }
  const order = a
    .map((row, i) => ({ value: row[i] ?? 0, i }))
    .sort((one, other) => other.value - one.value || one.i - other.i);
  return {
    values: order.map(({ value }) => value),
    vectors: order.map(({ i }) => Float64Array.from(v, (row) => row[i] ?? 0)),
  };
}

/** One rotation that makes a[p][q] zero. */
function rotate(a: Float64Array[], v: Float64Array[], p: number, q: number): void {
  const apq = a[p]?.[q] ?? 0;
  if (Math.abs(apq) < 1e-300) return;
  const theta = ((a[q]?.[q] ?? 0) - (a[p]?.[p] ?? 0)) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cos = 1 / Math.sqrt(t * t + 1);
  const sin = t * cos;
  for (const row of a) turn(row, p, q, cos, sin);
  const rowP = a[p];
  const rowQ = a[q];
  if (rowP === undefined || rowQ === undefined) return;
  for (let k = 0; k < rowP.length; k++) {
    const x = rowP[k] ?? 0;
    const y = rowQ[k] ?? 0;
    rowP[k] = cos * x - sin * y;
    rowQ[k] = sin * x + cos * y;
  }
  for (const row of v) turn(row, p, q, cos, sin);
}

function turn(row: Float64Array, p: number, q: number, cos: number, sin: number): void {
  const x = row[p] ?? 0;
  const y = row[q] ?? 0;
  row[p] = cos * x - sin * y;
  row[q] = sin * x + cos * y;
}

/** v · M, for a symmetric M. */
export function times(vector: Float64Array, matrix: Matrix): Float64Array {
  const result = new Float64Array(vector.length);
  for (let i = 0; i < matrix.length; i++) {
    const row = matrix[i];
    if (row === undefined) continue;
    let sum = 0;
    for (let j = 0; j < row.length; j++) sum += (row[j] ?? 0) * (vector[j] ?? 0);
    result[i] = sum;
  }
  return result;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
}
