/** Which of the saved views the chart shows, and which are found by what is typed. Pure. */
import type { SavedView, ViewContent } from "../../saved-view.ts";

/** What is open, and what has become of it. */
export interface OpenedView<View extends SavedView = SavedView> {
  /** As it was opened. */
  readonly view: SavedView;
  /**
   * - `same`: the chart shows it
   * - `changed`: the chart was moved, or has other values
   * - `newer`: changed, and somebody else has saved it since, as `newest`
   * - `deleted`: changed, and somebody else has deleted it
   */
  readonly state: "same" | "changed" | "newer" | "deleted";
  readonly newest?: View;
}

/** @param opened as the person opened it last; it goes on to be open while the chart is changed */
export function openedView<View extends SavedView>(
  views: readonly View[],
  shown: ViewContent,
  opened: SavedView | undefined,
): OpenedView<View> | undefined {
  const key = contentKey(shown);
  const same = views.filter((one) => contentKey(one) === key);
  const view = same.find(({ id }) => id === opened?.id) ?? same[0];
  if (view !== undefined) return { view, state: "same" };
  if (opened === undefined) return undefined;
  const newest = views.find(({ id }) => id === opened.id);
  if (newest === undefined) return { view: opened, state: "deleted" };
  return newest.version === opened.version
    ? { view: opened, state: "changed" }
    : { view: opened, state: "newer", newest };
}

function contentKey({ chart, tags }: ViewContent): string {
  return [chart, ...tags.flatMap(({ gateway, tag }) => [gateway, tag])].join("\n");
}

/** Every word has to be in the name, or in that of who saved it. */
export function foundViews<View extends SavedView>(
  views: readonly View[],
  text: string,
): readonly View[] {
  const words = text.toLowerCase().split(/\s+/);
  return views.filter(({ name, person }) => {
    const of = `${name} ${person}`.toLowerCase();
    return words.every((word) => of.includes(word));
  });
}
