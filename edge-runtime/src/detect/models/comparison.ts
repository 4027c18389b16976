/**
 * A shadow beside the bundle in service of the same asset: whether both hold the same of each window. Pure: it is told what
 * each said, and says when something is to be told.
 */
import type { ModelComparison } from "@millwright/wire-contract/events";

/** Told so often; a console has something to show within the hour, and a year of it is 9,000 events. */
const toldEveryUs = 3_600_000_000;
/** The two are asked at the same time and answered within seconds of each other. */
const keptMax = 64;
/** A disagreement of one window is the edge of a limit. */
const disagreementWindowsLeast = 5;

export interface ComparisonSays {
  readonly what: "compared" | "disagreed";
  readonly comparison: ModelComparison;
}

export class Comparison {
  readonly #against: string;
  /** What one has said of a window and the other has not yet: end of the window, and whether it was normal. */
  readonly #open = new Map<number, boolean>();
  #openOf: "service" | "shadow" = "service";
  #fromUs = NaN;
  #windows = 0;
  #agreed = 0;
  #apartFromUs = NaN;
  #apart = 0;

  /** @param against version in service */
  constructor(against: string) {
    this.#against = against;
  }

  /** @param normal what `of` holds of the window that ends at `endUs` */
  add(of: "service" | "shadow", endUs: number, normal: boolean): readonly ComparisonSays[] {
    if (this.#open.size === 0) this.#openOf = of;
    if (of === this.#openOf) {
      this.#open.set(endUs, normal);
      if (this.#open.size > keptMax) {
        const [oldest] = this.#open.keys();
        if (oldest !== undefined) this.#open.delete(oldest);
      }
      return [];
    }
    const other = this.#open.get(endUs);
    if (other === undefined) return [];
    this.#open.delete(endUs);
    return this.#both(endUs, other === normal);
  }

  #both(endUs: number, agreed: boolean): readonly ComparisonSays[] {
    const says: ComparisonSays[] = [];
    if (Number.isNaN(this.#fromUs)) this.#fromUs = endUs;
    this.#windows++;
    if (agreed) {
      this.#agreed++;
      if (this.#apart >= disagreementWindowsLeast) {
        says.push({
          what: "disagreed",
          comparison: this.#said(this.#apartFromUs, endUs, this.#apart, 0),
        });
      }
      this.#apart = 0;
    } else {
      if (this.#apart === 0) this.#apartFromUs = endUs;
      this.#apart++;
    }
    if (endUs - this.#fromUs >= toldEveryUs) {
      says.push({
        what: "compared",
        comparison: this.#said(this.#fromUs, endUs, this.#windows, this.#agreed),
      });
      this.#fromUs = endUs;
      this.#windows = 0;
      this.#agreed = 0;
    }
    return says;
  }

  #said(fromUs: number, toUs: number, windows: number, agreed: number): ModelComparison {
    return { against: this.#against, fromUs, toUs, windows, agreed };
  }
}
