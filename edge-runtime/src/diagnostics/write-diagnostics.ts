/**
 * The one file that goes to whoever helps: JSON, so that it opens wherever there is a browser or an editor; not packed, so that a
 * plant can read what it gives away; and each entry of a list on a line of its own, so that it can be searched by lines.
 *
 * Each section has a bound, and a list holds its newest entries up to there. To make it takes some three times as much memory
 * for a moment.
 */
import { messageChain, type Clock } from "@millwright/kit";

import type { Redaction } from "./redact.ts";

export type Section = Part & {
  readonly name: string;
  /** Of its JSON. */
  readonly bytesMax: number;
};

type Part =
  /** Whole or not at all. */
  | { readonly read: () => unknown }
  /** The most important first; it is read as far as there is room. */
  | { readonly list: () => Iterable<unknown> | AsyncIterable<unknown> };

/** All sections together: the page that asked waits for 15 s. */
const allMs = 10_000;

/** Never rejects: a section that cannot be had says why, and the others are there. */
export async function writeDiagnostics(
  sections: readonly Section[],
  redaction: Redaction,
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  const giveUp = new AbortController();
  const late = clock
    .sleep(allMs, AbortSignal.any([signal, giveUp.signal]))
    .then(() => Promise.reject(new Error(`no answer within ${allMs / 1_000} s`)));
  // Each section asks for it.
  late.catch(() => undefined);
  const texts: string[] = [];
  for (const section of sections) {
    let text: string;
    try {
      text = await Promise.race([late, textOf(section, redaction, clock)]);
    } catch (failure) {
      text = JSON.stringify({ failed: redaction.text(messageChain(failure)) });
    }
    texts.push(`${JSON.stringify(section.name)}: ${text}`);
  }
  giveUp.abort();
  return `{\n${texts.join(",\n")}\n}\n`;
}

async function textOf(section: Section, redaction: Redaction, clock: Clock): Promise<string> {
  const { bytesMax } = section;
  if ("read" in section) {
    const text = jsonOf(redaction.data(await section.read()));
    const bytes = Buffer.byteLength(text);
    return bytes <= bytesMax ? text : jsonOf({ failed: `${bytes} bytes are too many to be shown` });
  }
  const lines: string[] = [];
  let bytes = 0;
  let more = false;
  let sinceMs = clock.monotonicMs();
  for await (const entry of section.list()) {
    if (clock.monotonicMs() - sinceMs > atOnceMs) {
      await new Promise((resolve) => setImmediate(resolve));
      sinceMs = clock.monotonicMs();
    }
    const line = jsonOf(redaction.data(entry));
    bytes += Buffer.byteLength(line) + separatorBytes;
    more = bytes > bytesMax;
    if (more) break;
    lines.push(line);
  }
  const { length } = lines;
  if (length === 0) return `{"entries": [], "more": ${more}}`;
  return `{"entries": [\n${lines.join(",\n")}\n], "more": ${more}}`;
}

const separatorBytes = 2;
/** Of the loop that reads the devices: then others have their turn. */
const atOnceMs = 5;

/** What is not there is null. */
function jsonOf(value: unknown): string {
  return value === undefined ? "null" : JSON.stringify(value);
}
