import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { openJournalCore, type JournalCore } from "@millwright/edge-runtime/journal";
import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import {
  demoTagRules,
  demoTelling,
  Part,
  trustPlant,
  writeLineSettings,
} from "@millwright/launcher";
import { reconstruct } from "@millwright/telling";
import {
  decodeDictionary,
  decodeSamples,
  makeDictionary,
  parseFrame,
  type Dictionary,
  type GatewayId,
  type LaneMark,
  type SampleColumns,
  type Scalar,
  type TagDefinition,
} from "@millwright/wire-contract";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { builtGateway, startVirtualPlant } from "./gateway.ts";

/** What goes north of what one gateway of the demo acquires: all of it, or what its rules leave. */
export const bench: Bench = {
  name: "uplink",
  about:
    "the demo plant, acquired by a real gateway over OPC UA, Modbus and MQTT; the same samples then told by three journals: all live, all in the history lane, and by the rules of the demo; and the minutes of an hour of them; bytes of whole frames",
  async open(context) {
    // Each tag's first sample is told: of two minutes they are a tenth of the bytes, of a day nothing.
    const acquired = await acquire(context, context.quick ? 15_000 : 300_000);
    let run = 0;
    return {
      measure: () => measure(context, ++run, acquired),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};

const gateway = "bench" as GatewayId;

/** A second of samples of all tags, as a commit takes them. */
interface Acquired {
  readonly tags: readonly TagDefinition[];
  readonly seconds: readonly SampleColumns[];
  readonly samples: number;
}

/** Runs the plant and a gateway for so long, and takes everything that the gateway has kept. */
async function acquire(context: BenchContext, forMs: number): Promise<Acquired> {
  const plant = await startVirtualPlant(context, []);
  const folder = join(context.folder, "gateway");
  const file = writeLineSettings(
    {
      id: gateway,
      name: "Bench",
      site: "",
      folder,
      hmiPort: 0,
      commitEveryMs: 1_000,
      telling: demoTelling,
      tagRules: demoTagRules,
    },
    plant.facts,
  );
  if (plant.facts.opcua !== undefined) await trustPlant(file, "pump-1", plant.facts.opcua);
  const part = new Part({
    name: "gateway",
    program: builtGateway(),
    args: ["--settings", file],
    readyMsMax: 30_000,
  });
  await part.ready;
  await sleep(forMs, undefined, { signal: context.signal });
  await part.stop();
  await plant.part.stop();
  return await kept(join(folder, "journal"));
}

async function kept(folder: string): Promise<Acquired> {
  const journal = openJournal(folder, new PlayedClock());
  const tags = await tagsIn(journal);
  const bySecond = new Map<number, Row[]>();
  let samples = 0;
  for (const { index } of tags) {
    const columns = await journal.readSamples(index, 0, Number.MAX_SAFE_INTEGER, samplesOfTagMax);
    for (const row of rowsOf(columns)) {
      samples++;
      const second = Math.floor(row.us / 1e6);
      const rows = bySecond.get(second);
      if (rows === undefined) bySecond.set(second, [row]);
      else rows.push(row);
    }
  }
  await journal.close();
  const seconds = [...bySecond].sort(([a], [b]) => a - b).map(([, rows]) => toColumns(rows));
  return { tags, seconds, samples };
}

async function measure(context: BenchContext, run: number, acquired: Acquired): Promise<Figures> {
  const { tags, seconds, samples } = acquired;
  const full = tags.map((tag): TagDefinition => ({ ...tag, telling: fullTelling }));
  const folder = (what: string): string => join(context.folder, `run-${run}-${what}`);
  const live = await tell(folder("live"), full, seconds, { hub: true, samplesPerCommit: 1_000 });
  const history = await tell(folder("history"), full, seconds, { hub: false, samplesPerCommit: 1 });
  const told = await tell(folder("told"), tags, seconds, { hub: true, samplesPerCommit: 1 });
  const minutes = await tellMinutes(folder("minutes"), tags, seconds);
  const share = ((told.rows.length / samples) * 100).toFixed(1);
  return {
    bytes_per_sample_lossless_live: {
      value: live.bytes / samples,
      unit: "B",
      note: `frames of ${Math.round(samples / live.frames)} samples`,
    },
    bytes_per_sample_lossless_history: {
      value: history.bytes / samples,
      unit: "B",
      note: `frames of ${Math.round(samples / history.frames)} samples`,
    },
    bytes_per_acquired_sample: {
      value: told.bytes / samples + minutes.bytes / minutes.samples,
      unit: "B",
      note: `${share} % of ${samples} samples of ${tags.length} tags told, and all minutes`,
    },
    minute_bytes_per_acquired_sample: {
      value: minutes.bytes / minutes.samples,
      unit: "B",
      note: `an hour in ${minutes.frames} frames; among the figure above`,
    },
    bound_violations: { value: violations(tags, seconds, told.rows), unit: "samples" },
  };
}

interface Row {
  readonly tag: number;
  readonly us: number;
  readonly value: number;
  readonly status: number;
  readonly wide: Scalar | undefined;
}

interface Told {
  readonly frames: number;
  readonly bytes: number;
  readonly rows: readonly Row[];
}

/** Half hours until samples have been packed by tag and their hour was rolled up: they wait for an hour at most. */
const hourTurns = 8;
/** More than a tag of the demo brings in an hour. */
const samplesOfTagMax = 1_000_000;
const fullTelling = { rule: "full", error: 0, heartbeatMs: 60_000 } as const;

/** Tells the samples to a hub that stores at once, or that is away until the end. */
async function tell(
  folder: string,
  tags: readonly TagDefinition[],
  seconds: readonly SampleColumns[],
  how: { readonly hub: boolean; readonly samplesPerCommit: number },
): Promise<Told> {
  const clock = new PlayedClock();
  const journal = openJournal(folder, clock);
  const dictionary = await journal.adoptTags(tags);
  for (const tag of tags) assert.equal(dictionary.byId(tag.id)?.index, tag.index);
  const device = tags[0]?.device;
  assert(device !== undefined, "the gateway has tags");
  const told: Told[] = [];
  let pending = 0;
  for (const columns of seconds) {
    assert(journal.append({ device, receivedUs: clock.nowUs(), late: false, ...columns }));
    pending += columns.count;
    await clock.advance(1_000);
    if (pending < how.samplesPerCommit) continue;
    pending = 0;
    await journal.commit();
    if (how.hub) told.push(await take(journal));
  }
  // What was gathered is sealed when the journal is closed.
  await journal.close();
  const again = openJournal(folder, clock);
  told.push(await take(again));
  await again.close();
  return {
    frames: told.reduce((sum, { frames }) => sum + frames, 0),
    bytes: told.reduce((sum, { bytes }) => sum + bytes, 0),
    rows: told.flatMap(({ rows }) => rows),
  };
}

/** What the minutes of an hour take. */
interface ToldMinutes {
  readonly samples: number;
  readonly frames: number;
  readonly bytes: number;
}

/**
 * An hour, made of what was acquired again and again: minutes are told by the hour, and of a few of them the heads and what
 * the coder learns would be most of the bytes. It looks at each minute beside the one before, and finds no repeats.
 */
async function tellMinutes(
  folder: string,
  tags: readonly TagDefinition[],
  seconds: readonly SampleColumns[],
): Promise<ToldMinutes> {
  const hourUs = 3_600_000_000;
  // It begins with an hour.
  const clock = new PlayedClock();
  const fromUs = clock.nowUs();
  const journal = openJournal(folder, clock);
  await journal.adoptTags(tags);
  const device = tags[0]?.device;
  assert(device !== undefined, "the gateway has tags");
  const firstUs = Math.floor((seconds[0]?.measuredUs[0] ?? 0) / 1e6) * 1e6;
  let samples = 0;
  for (let second = 0; second < 3_600; second++) {
    const columns = seconds[second % seconds.length];
    assert(columns !== undefined);
    const turnUs = Math.floor(second / seconds.length) * seconds.length * 1e6;
    const measuredUs = columns.measuredUs.map((us) =>
      Math.min(fromUs + hourUs - 1, fromUs + us - firstUs + turnUs),
    );
    const at = { device, receivedUs: clock.nowUs(), late: false };
    assert(journal.append({ ...columns, ...at, measuredUs }));
    samples += columns.count;
    await clock.advance(1_000);
    if (second % 60 === 59) await journal.commit();
  }
  for (let turn = 0; turn < hourTurns; turn++) {
    await clock.advance(hourUs / 2_000);
    await journal.commit();
    // What is done between commits is done.
    await new Promise((resolve) => setImmediate(resolve));
  }
  let frames = 0;
  let bytes = 0;
  for (const { epoch, lane } of await journal.outbox.lanes()) {
    if (lane !== "history") continue;
    for (const frame of await journal.outbox.framesAfter(epoch, lane, 0, Infinity)) {
      const parsed = parseFrame(frame.bytes);
      assert(parsed.kind === "frame");
      if (parsed.head.content !== "aggregates" || parsed.head.firstUs !== fromUs) continue;
      frames++;
      bytes += frame.bytes.length;
    }
  }
  await journal.close();
  assert(frames > 0, "the hour was rolled up");
  return { samples, frames, bytes };
}

/** What a hub does: takes all that waits, and says that it has it. */
async function take(journal: JournalCore): Promise<Told> {
  const dictionary = makeDictionary(await tagsIn(journal));
  const rows: Row[] = [];
  let frames = 0;
  let bytes = 0;
  for (const { epoch, lane, storedSeq, headSeq, headChain } of await journal.outbox.lanes()) {
    if (lane === "critical") continue;
    for (const frame of await journal.outbox.framesAfter(epoch, lane, storedSeq, Infinity)) {
      frames++;
      bytes += frame.bytes.length;
      const parsed = parseFrame(frame.bytes);
      assert(parsed.kind === "frame");
      const columns = decodeSamples(parsed.body, dictionary);
      assert(!("kind" in columns));
      rows.push(...rowsOf(columns));
    }
    const chain = headChain.toString(16).padStart(16, "0");
    const mark: LaneMark = { epoch, lane, storedSeq: headSeq, chain, safeSeq: headSeq };
    await journal.outbox.take(mark);
  }
  return { frames, bytes, rows };
}

/** Samples that cannot be had back from what was told within what their tag's row states. */
function violations(
  tags: readonly TagDefinition[],
  seconds: readonly SampleColumns[],
  rows: readonly Row[],
): number {
  const told = Map.groupBy(rows, ({ tag }) => tag);
  const kept = Map.groupBy(seconds.flatMap(rowsOf), ({ tag }) => tag);
  let count = 0;
  for (const { index, telling } of tags) {
    const heard = (told.get(index) ?? []).sort((a, b) => a.us - b.us);
    const itself = new Set(heard.map(keyOf));
    let at = 0;
    for (const row of (kept.get(index) ?? []).sort((a, b) => a.us - b.us)) {
      // Two samples of one time are told both.
      if (itself.has(keyOf(row))) continue;
      while ((heard[at + 1]?.us ?? Infinity) <= row.us) at++;
      const before = heard[at];
      const after = heard[at + 1];
      const back = before && reconstruct(telling, asTold(before), after && asTold(after), row.us);
      if (back === undefined || !agrees(row, back)) count++;
    }
  }
  return count;
}

function keyOf({ us, value, status, wide }: Row): string {
  return `${us}/${wide === undefined ? value : String(wide)}/${status}`;
}

function agrees(row: Row, back: NonNullable<ReturnType<typeof reconstruct>>): boolean {
  if (back.status !== row.status) return false;
  const { value } = asTold(row);
  if (typeof value === "bigint" && typeof back.value === "bigint") {
    return Math.abs(Number(value - back.value)) <= back.error;
  }
  // Rounding of the interpolation: a few units in the last place.
  const rounding = 1e-12 * Math.max(1, Math.abs(Number(value)));
  const off = Math.abs(Number(value) - Number(back.value));
  return Object.is(value, back.value) || off <= back.error + rounding;
}

/** What cannot lie on a line is NaN as a number: text and bytes. */
function asTold({ us, value, status, wide }: Row): Parameters<typeof reconstruct>[1] {
  const number = wide === undefined ? value : typeof wide === "bigint" ? wide : NaN;
  return { measuredUs: us, value: number, status };
}

let opened = 0;

function openJournal(folder: string, clock: PlayedClock): JournalCore {
  // An epoch is made of it, and no two may be alike.
  const random = seededRandom(`uplink ${++opened}`);
  return openJournalCore({
    folder,
    gateway,
    // Nothing is committed but what the bench asks for.
    commitEveryMs: 60_000,
    keepRawHours: 24,
    tellEveryMs: demoTelling.everyMs,
    bytesMax: 2 ** 30,
    clock,
    random,
    log: silentLog,
    onBroken(failure) {
      throw failure;
    },
  });
}

/** The tags of the newest dictionary that the journal holds for the hub. */
async function tagsIn(journal: JournalCore): Promise<readonly TagDefinition[]> {
  if (journal.dictionary.tags.length > 0) return journal.dictionary.tags;
  let newest: Dictionary | undefined;
  for (const { epoch, lane } of await journal.outbox.lanes()) {
    if (lane !== "critical") continue;
    for (const { bytes } of await journal.outbox.framesAfter(epoch, lane, 0, Infinity)) {
      const parsed = parseFrame(bytes);
      assert(parsed.kind === "frame");
      if (parsed.head.content !== "dictionary") continue;
      const dictionary = decodeDictionary(parsed.body);
      assert(!("kind" in dictionary));
      newest = dictionary;
    }
  }
  return newest?.tags ?? [];
}

function rowsOf({ count, tag, measuredUs, value, status, wide }: SampleColumns): Row[] {
  return Array.from({ length: count }, (_row, at) => ({
    tag: tag[at] ?? -1,
    us: measuredUs[at] ?? NaN,
    value: value[at] ?? NaN,
    status: status[at] ?? 0,
    wide: wide?.get(at),
  }));
}

function toColumns(rows: readonly Row[]): SampleColumns {
  const wide = new Map<number, Scalar>();
  for (const [at, row] of rows.entries()) if (row.wide !== undefined) wide.set(at, row.wide);
  return {
    count: rows.length,
    tag: Int32Array.from(rows, ({ tag }) => tag),
    measuredUs: Float64Array.from(rows, ({ us }) => us),
    value: Float64Array.from(rows, ({ value }) => value),
    status: Uint32Array.from(rows, ({ status }) => status),
    wide,
  };
}
