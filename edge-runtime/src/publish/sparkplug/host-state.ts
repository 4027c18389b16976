/** What the primary host says of itself (Sparkplug 3.0, 6.4.31). Pure. */

export interface HostState {
  readonly online: boolean;
  /** Of its birth, ms since 1970 UTC: its death carries the same one. */
  readonly timestampMs: number;
}

/** A state has two fields. */
const bytesMax = 4_096;

/** Undefined for what is no state. */
export function parseHostState(bytes: Uint8Array): HostState | undefined {
  if (bytes.length > bytesMax) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const { online, timestamp } = json as { readonly online?: unknown; readonly timestamp?: unknown };
  if (typeof online !== "boolean" || typeof timestamp !== "number") return undefined;
  return { online, timestampMs: timestamp };
}

/** A death that is older than the birth that was heard belongs to a life before it, and counts for nothing (5.15). */
export function judgeHost(known: HostState | undefined, said: HostState): HostState {
  const late = known?.online === true && !said.online && said.timestampMs < known.timestampMs;
  return late ? known : said;
}
