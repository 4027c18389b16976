/** Which shadow stands beside which bundle in service, and how far the two agree. */
import type { BundleWatch } from "./bundle-watch.ts";
import { Comparison, type ComparisonSays } from "./comparison.ts";

/** One of the two, as a side of their comparison. */
interface Side {
  readonly comparison: Comparison;
  readonly of: "service" | "shadow";
  readonly shadow: BundleWatch;
}

/** Something to be told of a shadow. */
export interface ShadowNews extends ComparisonSays {
  readonly shadow: BundleWatch;
  /** For a person. */
  readonly words: string;
}

export class ShadowPairs {
  readonly #sides = new Map<BundleWatch, Side[]>();

  /** @param watches all that run now; a shadow without a bundle in service on its asset is compared with nothing */
  constructor(watches: readonly BundleWatch[]) {
    for (const shadow of watches) {
      if (shadow.role !== "shadow") continue;
      const service = watches.find(
        ({ asset, role, manifest }) =>
          asset === shadow.asset && role !== "shadow" && manifest.name === shadow.manifest.name,
      );
      if (service === undefined) continue;
      const comparison = new Comparison(service.manifest.version);
      this.#add(shadow, { comparison, of: "shadow", shadow });
      this.#add(service, { comparison, of: "service", shadow });
    }
  }

  /** @param normal what `watch` holds of the window that ends at `endUs` */
  judged(watch: BundleWatch, endUs: number, normal: boolean): readonly ShadowNews[] {
    // Nearly always there is no shadow, and a look for one is a look into memory that nothing else needs.
    if (this.#sides.size === 0) return nothing;
    const news: ShadowNews[] = [];
    for (const { comparison, of, shadow } of this.#sides.get(watch) ?? nothing) {
      for (const { what, comparison: body } of comparison.add(of, endUs, normal)) {
        const words = wordsOf[what](body.windows, body.agreed);
        news.push({ shadow, what, words, comparison: body });
      }
    }
    return news;
  }

  #add(watch: BundleWatch, side: Side): void {
    const known = this.#sides.get(watch);
    if (known === undefined) this.#sides.set(watch, [side]);
    else known.push(side);
  }
}

const nothing: readonly never[] = [];

const wordsOf = {
  compared: (windows: number, agreed: number) =>
    `agreed in ${agreed} of ${windows} windows with the bundle in service`,
  disagreed: (windows: number) =>
    `held otherwise than the bundle in service for ${windows} windows`,
} as const;
