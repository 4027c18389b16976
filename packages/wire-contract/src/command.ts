/** `unknown`: the link went down before the device answered, so it may or may not have acted. */
export type WriteOutcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };
