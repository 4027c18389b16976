/** Views of the trends screen under names, shared by all who use the hub. Any hub of the database may serve any of them. */
import type { Clock, Log } from "@millwright/kit";

import { poolConnections } from "../database/connections.ts";
import { openPool } from "../database/pool.ts";
import {
  nameKeyOf,
  savedViewsMax,
  type GoneTag,
  type SavedView,
  type SavedViewBoard,
  type SavedViewList,
  type SeenView,
  type ViewRefused,
  type ViewTag,
  type ViewWish,
} from "../saved-view.ts";
import { SavedViewStore } from "./saved-view-store.ts";
import { planRemove, planReplace, planSave, type ViewChange } from "./view-change.ts";

/** Where they are kept. */
export interface SavedViewShelf {
  all(): Promise<readonly SavedView[]>;
  /**
   * Applies what is decided about the views of that moment; nobody else changes one in between.
   *
   * @returns the view that was changed, as it is now or as it was deleted
   */
  change(
    decide: (views: readonly SavedView[]) => ViewChange | ViewRefused,
  ): Promise<SavedView | ViewRefused>;
}

export interface SavedViewDeskOptions {
  readonly shelf: SavedViewShelf;
  /** What the hub does not know of a value; undefined when it is there, or when it cannot be said yet. */
  readonly missing: (tag: ViewTag) => GoneTag["what"] | undefined;
  readonly clock: Pick<Clock, "nowUs">;
}

/** A list that takes longer is not waited for. */
const statementMs = 10_000;

/** With a connection of its own. */
export function openSavedViews(
  url: string,
  options: Omit<SavedViewDeskOptions, "shelf"> & { readonly log: Log },
): SavedViewDesk & AsyncDisposable {
  const connectionsMax = poolConnections.savedViews;
  const pool = openPool({ url, connectionsMax, statementMs, log: options.log });
  const desk = new SavedViewDesk({ ...options, shelf: new SavedViewStore(pool) });
  return Object.assign(desk, { [Symbol.asyncDispose]: () => pool.end() });
}

export class SavedViewDesk implements SavedViewBoard {
  readonly #options: SavedViewDeskOptions;

  constructor(options: SavedViewDeskOptions) {
    this.#options = options;
  }

  async list(): Promise<SavedViewList> {
    const { shelf, missing } = this.#options;
    const views = (await shelf.all()).toSorted(byName).map((view) => ({
      ...view,
      gone: view.tags.flatMap((tag): GoneTag[] => {
        const what = missing(tag);
        return what === undefined ? [] : [{ ...tag, what }];
      }),
    }));
    return { views, most: savedViewsMax };
  }

  save(wish: ViewWish): Promise<SavedView | ViewRefused> {
    const { shelf, clock } = this.#options;
    return shelf.change((views) => planSave(views, wish, clock.nowUs()));
  }

  replace(seen: SeenView, wish: ViewWish): Promise<SavedView | ViewRefused> {
    const { shelf, clock } = this.#options;
    return shelf.change((views) => planReplace(views, seen, wish, clock.nowUs()));
  }

  remove(seen: SeenView, person: string): Promise<SavedView | ViewRefused> {
    const { shelf, clock } = this.#options;
    return shelf.change((views) => planRemove(views, seen, person, clock.nowUs()));
  }
}

function byName(a: SavedView, b: SavedView): number {
  // Numbers as people count: "press 9" before "press 10".
  return nameKeyOf(a.name).localeCompare(nameKeyOf(b.name), "en", { numeric: true });
}
