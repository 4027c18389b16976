/** The line of one tag, reduced as its samples are read. */
import { ColumnReducer, type ColumnWindow, type ReducedLine } from "@millwright/kit";

/**
 * Works where each part comes behind the one before, as it nearly always does. Parts that lie over each other may hold a
 * sample twice or have another between two of one pixel: those must be put together first, and there is no line here.
 */
export class LineInParts {
  readonly #reducer: ColumnReducer;
  #lastUs = -Infinity;
  #inOrder = true;

  constructor(window: ColumnWindow) {
    this.#reducer = new ColumnReducer(window);
  }

  /** What follows was read elsewhere: of one time it may be the same sample. */
  beginSource(firstUs: number): void {
    if (firstUs <= this.#lastUs) this.#inOrder = false;
  }

  add(measuredUs: Float64Array, value: Float64Array, status: Uint32Array): void {
    if (!this.#inOrder || measuredUs.length === 0) return;
    this.#inOrder = this.#reducer.add(measuredUs, value, status);
    this.#lastUs = measuredUs.at(-1) ?? NaN;
  }

  /** Undefined when parts lay over each other. */
  finish(): ReducedLine | undefined {
    return this.#inOrder ? this.#reducer.finish() : undefined;
  }
}
