/** The hub's API for saved views, as the page asks it: what was done, or why it was not. */
import type { SavedView, SeenView, ViewRefused, ViewWish } from "../../saved-view.ts";

/** `other`: in the words of the hub. `unreachable`: it may have been done or not. */
export type ViewFailure =
  | Omit<Extract<ViewRefused, { readonly view: SavedView }>, "kind">
  | { readonly cause: "gone" | "full"; readonly reason: string }
  | { readonly cause: "other"; readonly reason: string }
  | { readonly cause: "unreachable" };

export type ViewAnswer = { readonly view: SavedView } | { readonly failure: ViewFailure };

export const savedViewsAddress = "/api/saved-views";

/** Under a new name, or over one that was seen. */
export function saveView(wish: ViewWish, over: SeenView | undefined): Promise<ViewAnswer> {
  return over === undefined
    ? ask(savedViewsAddress, "POST", wish)
    : ask(`${savedViewsAddress}/${over.id}`, "PUT", { ...wish, version: over.version });
}

export function deleteView({ id, version }: SeenView, person: string): Promise<ViewAnswer> {
  const query = new URLSearchParams({ version: String(version), person });
  return ask(`${savedViewsAddress}/${id}?${query.toString()}`, "DELETE", undefined);
}

async function ask(address: string, method: string, body: object | undefined): Promise<ViewAnswer> {
  try {
    const answer = await fetch(address, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (answer.ok) return { view: (await answer.json()) as SavedView };
    if (answer.status === 404 || answer.status === 409) {
      return { failure: (await answer.json()) as ViewFailure };
    }
    // A hub that broke off may have done it before.
    if (answer.status >= 500) return { failure: { cause: "unreachable" } };
    return { failure: { cause: "other", reason: await answer.text() } };
  } catch {
    return { failure: { cause: "unreachable" } };
  }
}
