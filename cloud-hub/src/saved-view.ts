/**
 * What people see of saved views, and what they may do: the door of `saved-views/` for pages and API. The console takes the bounds
 * from here, too, so nothing of a server may stand in this file.
 */

/** More are not looked through by anybody; with eight values each all of them are an answer of some 300 kB. */
export const savedViewsMax = 500;
/** A name is one line of a list. */
export const viewNameMax = 80;
export const viewPersonMax = 60;
/** The longest that a page writes names an alarm by its id. */
export const viewChartMax = 400;
/** As many as a chart has pens. */
export const viewTagsMax = 8;

/** A tag id is its gateway's own: another gateway may use the same. */
export interface ViewTag {
  readonly gateway: string;
  readonly tag: string;
}

/** What is shown. */
export interface ViewContent {
  /** Time and form, as the address of the trends screen says them: `24h~machines`. A time that follows the present goes on to. */
  readonly chart: string;
  /** The first one leads. */
  readonly tags: readonly ViewTag[];
}

export interface ViewWish extends ViewContent {
  readonly name: string;
  /** Who saves it: as it was written, because nobody signs in at the hub. */
  readonly person: string;
}

export interface SavedView extends ViewWish {
  readonly id: number;
  /** 1, and one more with each change. */
  readonly version: number;
  readonly savedUs: number;
}

/** What the hub does not have any more: the value, or its gateway with all values. */
export interface GoneTag extends ViewTag {
  readonly what: "gateway" | "tag";
}

export interface ListedView extends SavedView {
  readonly gone: readonly GoneTag[];
}

export interface SavedViewList {
  /** By name. */
  readonly views: readonly ListedView[];
  /** So many may be saved. */
  readonly most: number;
}

/**
 * Why nothing was changed.
 * - `taken`: `view` has the name already
 * - `changed`: it was saved since it was seen, as `view`
 * - `gone`: it was deleted since
 * - `full`: as many are saved as may be
 */
export type ViewRefused = { readonly kind: "refused"; readonly reason: string } & (
  | { readonly cause: "taken" | "changed"; readonly view: SavedView }
  | { readonly cause: "gone" | "full" }
);

/** Which view somebody means: one that was changed since is another one. */
export interface SeenView {
  readonly id: number;
  readonly version: number;
}

export interface SavedViewBoard {
  list(): Promise<SavedViewList>;
  /** Under a name that no other view has. */
  save(wish: ViewWish): Promise<SavedView | ViewRefused>;
  /** Saves over the one that was seen: what it shows, its name, or both. */
  replace(seen: SeenView, wish: ViewWish): Promise<SavedView | ViewRefused>;
  /** @returns what was deleted */
  remove(seen: SeenView, person: string): Promise<SavedView | ViewRefused>;
}

/** One line without blanks at its ends. @returns "" for what says nothing */
export function tidyName(text: string): string {
  return text.normalize("NFC").replace(/\s+/gu, " ").trim();
}

/** Two names of the same key are one to people. */
export function nameKeyOf(name: string): string {
  return tidyName(name).toLowerCase();
}
