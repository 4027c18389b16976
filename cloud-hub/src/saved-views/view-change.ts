/** What becomes of the saved views when somebody saves, renames or deletes one. Pure: what is decided here is applied as it is. */
import {
  nameKeyOf,
  savedViewsMax,
  type SavedView,
  type SeenView,
  type ViewRefused,
  type ViewWish,
} from "../saved-view.ts";

export type ViewChange =
  | { readonly kind: "add"; readonly view: Omit<SavedView, "id"> }
  | { readonly kind: "replace"; readonly before: SavedView; readonly view: SavedView }
  | {
      readonly kind: "remove";
      readonly view: SavedView;
      readonly person: string;
      readonly atUs: number;
    };

export function planSave(
  views: readonly SavedView[],
  wish: ViewWish,
  nowUs: number,
): ViewChange | ViewRefused {
  const taken = nameTaken(views, wish.name);
  if (taken !== undefined) return taken;
  if (views.length >= savedViewsMax) {
    const reason = `${savedViewsMax} views are saved, as many as a hub keeps: delete one that nobody needs`;
    return { kind: "refused", cause: "full", reason };
  }
  return { kind: "add", view: { ...wish, version: 1, savedUs: Math.round(nowUs) } };
}

export function planReplace(
  views: readonly SavedView[],
  seen: SeenView,
  wish: ViewWish,
  nowUs: number,
): ViewChange | ViewRefused {
  const before = asSeen(views, seen);
  if ("kind" in before) return before;
  const others = views.filter(({ id }) => id !== seen.id);
  const taken = nameTaken(others, wish.name);
  if (taken !== undefined) return taken;
  const view = { ...wish, id: seen.id, version: before.version + 1, savedUs: Math.round(nowUs) };
  return { kind: "replace", before, view };
}

export function planRemove(
  views: readonly SavedView[],
  seen: SeenView,
  person: string,
  nowUs: number,
): ViewChange | ViewRefused {
  const view = asSeen(views, seen);
  if ("kind" in view) return view;
  return { kind: "remove", view, person, atUs: Math.round(nowUs) };
}

function nameTaken(views: readonly SavedView[], name: string): ViewRefused | undefined {
  const view = views.find((one) => nameKeyOf(one.name) === nameKeyOf(name));
  if (view === undefined) return undefined;
  const reason = `"${view.name}" is there already, saved by ${view.person}`;
  return { kind: "refused", cause: "taken", reason, view };
}

function asSeen(views: readonly SavedView[], seen: SeenView): SavedView | ViewRefused {
  const view = views.find(({ id }) => id === seen.id);
  if (view === undefined) {
    return { kind: "refused", cause: "gone", reason: "this view was deleted" };
  }
  if (view.version === seen.version) return view;
  const reason = `"${view.name}" was saved by ${view.person} since, as version ${view.version}`;
  return { kind: "refused", cause: "changed", reason, view };
}
