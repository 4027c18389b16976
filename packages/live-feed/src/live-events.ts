/**
 * What one open page receives: a snapshot, then changes with a rising sequence, and a beat each second. The page pulls:
 * while its connection is slow, changes of a tag merge into the newest, so what waits is never more than one value for
 * each tag, and a slow tablet slows nobody.
 */
import type { Clock } from "@millwright/kit";
import { race } from "@millwright/kit";
import type {
  DeviceStatus,
  HubLink,
  LiveBeat,
  LiveChange,
  LiveNews,
  LiveSnapshot,
  LiveState,
  LiveValue,
} from "@millwright/wire-contract";

/** Where current values come from: the gateway itself on the HMI, a twin on the hub. */
export interface LiveSource {
  /** Current values of these tags, of all when none is named. Unknown ids are left out. */
  values(tags: readonly string[]): readonly LiveValue[];
  devices(): readonly DeviceStatus[];
  hub(): HubLink;
  /** For each device that proves all its values at once: when it last did, µs. */
  confirmed(): Readonly<Record<string, number>>;
  /** Calls back with the ids of tags that changed. Returns what takes the call back. */
  onChanged(listener: (tags: readonly string[]) => void): () => void;
  /** Calls back when a device or the link to the hub changed. Returns what takes the call back. */
  onState(listener: () => void): () => void;
  /** Calls back with a topic ("alarms") of which there is news; the page then asks for what it shows of it. */
  onNews?(listener: (topic: string) => void): () => void;
  /** A page looks at these tags now, until what is returned is called. Left out where it makes no difference. */
  watch?(tags: readonly string[]): () => void;
}

export type LiveEvent =
  | { readonly event: "snapshot"; readonly data: LiveSnapshot }
  | { readonly event: "change"; readonly data: LiveChange }
  | { readonly event: "state"; readonly data: LiveState }
  | { readonly event: "news"; readonly data: LiveNews }
  | { readonly event: "beat"; readonly data: LiveBeat };

/** An eye sees no more than ten different digits a second; more would only heat the panel (ux-guide 11). */
const changeEveryMs = 100;
/** The page calls its link slow after two seconds without one (ux-guide 7). */
const beatEveryMs = 1_000;

/**
 * The events for one page until `signal` aborts.
 *
 * @param tags ids the page shows; all when empty
 */
export async function* liveEvents(
  source: LiveSource,
  tags: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<LiveEvent, void, undefined> {
  const wanted = tags.length === 0 ? undefined : new Set(tags);
  const changed = new Set<string>();
  const pending = { state: false, news: new Set<string>() };
  let ring: () => void = () => undefined;

  const takeBack = [
    source.onChanged((ids) => {
      for (const id of ids) if (wanted === undefined || wanted.has(id)) changed.add(id);
      if (changed.size > 0) ring();
    }),
    source.onState(() => {
      pending.state = true;
      ring();
    }),
    source.onNews?.((topic) => {
      pending.news.add(topic);
      ring();
    }) ?? (() => undefined),
    source.watch?.(tags) ?? (() => undefined),
  ];

  try {
    let seq = 1;
    const first = snapshot(source, tags, seq, clock);
    let toldHub = JSON.stringify(first.hub);
    yield { event: "snapshot", data: first };
    let lastMs = -Infinity;
    let beatDueMs = clock.monotonicMs() + beatEveryMs;

    while (!hasAborted(signal)) {
      // A first change after silence leaves at once; those that follow wait for the rest of the tenth of a second.
      if (changed.size === 0 && !pending.state && pending.news.size === 0) {
        const rung = new Promise<void>((resolve) => {
          ring = resolve;
        });
        await beforeOrAt(rung, beatDueMs - clock.monotonicMs(), clock, signal);
      }
      const restMs = Math.min(lastMs + changeEveryMs, beatDueMs) - clock.monotonicMs();
      if (restMs > 0 && changed.size + Number(pending.state) + pending.news.size > 0) {
        await beforeOrAt(undefined, restMs, clock, signal);
      }
      if (hasAborted(signal)) return;

      const nowMs = clock.monotonicMs();
      if (pending.state) {
        pending.state = false;
        const data = { nowUs: clock.nowUs(), devices: source.devices(), hub: source.hub() };
        toldHub = JSON.stringify(data.hub);
        yield { event: "state", data: { seq: ++seq, ...data } };
      }
      if (pending.news.size > 0) {
        const topics = [...pending.news];
        pending.news.clear();
        lastMs = nowMs;
        yield { event: "news", data: { seq: ++seq, nowUs: clock.nowUs(), topics } };
      }
      if (changed.size > 0) {
        const values = source.values([...changed]);
        changed.clear();
        lastMs = nowMs;
        yield { event: "change", data: { seq: ++seq, nowUs: clock.nowUs(), values } };
      }
      if (nowMs >= beatDueMs) {
        beatDueMs = nowMs + beatEveryMs;
        const confirmed = source.confirmed();
        // What waits grows without any device changing, and a hub that is away says nothing of it.
        const hub = source.hub();
        const hubNow = JSON.stringify(hub);
        const told = hubNow === toldHub ? {} : { hub };
        toldHub = hubNow;
        yield { event: "beat", data: { seq: ++seq, nowUs: clock.nowUs(), confirmed, ...told } };
      }
    }
  } finally {
    for (const take of takeBack) take();
  }
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function snapshot(
  source: LiveSource,
  tags: readonly string[],
  seq: number,
  clock: Clock,
): LiveSnapshot {
  return {
    seq,
    nowUs: clock.nowUs(),
    values: source.values(tags),
    devices: source.devices(),
    hub: source.hub(),
  };
}

/** Resolves when `rung` does, after `ms`, or when `signal` aborts, whichever is first. Never rejects. */
async function beforeOrAt(
  rung: Promise<void> | undefined,
  ms: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  const timer = clock
    .sleep(Math.max(0, ms), AbortSignal.any([signal, enough.signal]))
    .catch(() => undefined);
  try {
    await (rung === undefined ? timer : race(Promise.race([rung, timer]), signal));
  } catch {
    // The page closed; the caller looks at the signal.
  } finally {
    enough.abort();
  }
}
