/** The hub's API for orders, as its pages ask it: what came of it. */

/** `refused`: in the words of the hub. `unreachable`: it may have been done or not. */
export type OrderAnswer =
  | { readonly kind: "done" }
  | { readonly kind: "unreachable" }
  | { readonly kind: "refused"; readonly reason: string };

/** @param address of the repairs or recordings of a gateway */
export async function askOrder(address: string, wish: unknown): Promise<OrderAnswer> {
  return send(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wish),
  });
}

/** @param address of one order */
export async function cancelOrder(address: string): Promise<OrderAnswer> {
  return send(address, { method: "DELETE" });
}

async function send(address: string, what: RequestInit): Promise<OrderAnswer> {
  try {
    const answer = await fetch(address, what);
    // To cancel what has gone already is what was wanted.
    if (answer.ok || (what.method === "DELETE" && answer.status === 404)) return { kind: "done" };
    // A hub that broke off may have done it before.
    if (answer.status >= 500) return { kind: "unreachable" };
    return { kind: "refused", reason: await answer.text() };
  } catch {
    return { kind: "unreachable" };
  }
}
