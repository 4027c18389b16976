/** A view as an address, `#/tag/press%2Ftemp`, and back. */
export function hrefOf(...parts: readonly string[]): string {
  return `#/${parts.map((part) => encodeURIComponent(part)).join("/")}`;
}

/** @param hash of the address, as a person may have typed it */
export function partsOfAddress(hash: string): readonly string[] {
  return hash
    .replace(/^#\/?/, "")
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
}

/** A link that was typed or cut off ("#/tag/50%") leads to a view that is not there, and not to a page that does not start. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
