/** What happens on one gateway besides its samples: told now and then, and judged at the hub. */
import type { MemoryStore } from "@millwright/cloud-hub/parts";
import type { JournalCore } from "@millwright/edge-runtime/parts";
import type { Clock } from "@millwright/kit";
import type { GatewayId } from "@millwright/wire-contract";

type EventBook = JournalCore["events"];

/** Often enough that each fault meets some, seldom enough that they cost nothing. */
const everyMs = 3_000;

export class PlayedEvents {
  readonly #instance: number;
  #generation = 0;
  #said = 0;
  /** Kept, as the journal has answered, and not lost with its disk since. */
  readonly #kept = new Set<string>();

  /** @param instance of the hardware, among those with its name */
  constructor(instance: number) {
    this.#instance = instance;
  }

  /** Says something now and then, and remembers what was kept. Ends when `signal` aborts. */
  async say(book: EventBook, clock: Clock, signal: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(everyMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const subject = `${this.#instance}.${this.#generation}.${++this.#said}`;
      const body = { what: "began", context: "job", value: subject } as const;
      const event = { kind: "context", atUs: clock.nowUs(), asset: "", subject, body } as const;
      await book.keep([event]).then(
        () => this.#kept.add(subject),
        // It was killed before it could answer: whether it is on disk nobody has been told.
        () => undefined,
      );
    }
  }

  /** The journal is gone, or is one of before: of what was kept until now, that may be gone which the hub had not. */
  loseDisk(): void {
    this.#kept.clear();
    this.#generation++;
  }

  get kept(): ReadonlySet<string> {
    return this.#kept;
  }
}

/**
 * Each event that was kept is at the hub once, and those of one life of a disk in the order in which they were kept.
 *
 * @returns what does not hold, in words
 */
export async function judgeEvents(
  store: MemoryStore,
  gateway: GatewayId,
  played: readonly PlayedEvents[],
): Promise<readonly string[]> {
  const breaches: string[] = [];
  const stored = (await store.events({ gateways: [gateway], max: Infinity })).toSorted(
    (a, b) => a.journalUs - b.journalUs || a.line.number - b.line.number,
  );
  const subjects = stored.map(({ line }) => line.subject);
  const distinct = new Set(subjects);
  const missing = played.flatMap(({ kept }) => [...kept].filter((one) => !distinct.has(one)));
  if (missing.length > 0) {
    breaches.push(`N11: ${gateway} has kept ${missing.length} events that the hub does not have`);
  }
  if (distinct.size < subjects.length) {
    breaches.push(`N11: ${gateway} has ${subjects.length - distinct.size} events twice at the hub`);
  }
  const last = new Map<string, number>();
  for (const subject of subjects) {
    const life = subject.slice(0, subject.lastIndexOf("."));
    const at = Number(subject.slice(life.length + 1));
    if (at < (last.get(life) ?? 0)) {
      breaches.push(`N11: ${gateway} has event ${subject} behind a later one`);
    }
    last.set(life, at);
  }
  return breaches;
}
