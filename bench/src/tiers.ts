import { join } from "node:path";

import Database from "better-sqlite3";
import { openJournalCore, type Journal } from "@millwright/edge-runtime/journal";
import { PlayedClock, silentLog } from "@millwright/kit";
import type { Dictionary, GatewayId, SampleColumns } from "@millwright/wire-contract";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { makeColumns, makeTags } from "./codec-data.ts";
import { takeAll } from "./take-all.ts";

/** What a day of samples takes on the disk of a gateway, and what it costs to re-pack them and to roll them up. */
export const bench: Bench = {
  name: "tiers",
  about:
    "2,000 made sensors at 0.5 Hz for a day, through the journal on a played clock, stored by the hub at once",
  open(context) {
    // Sizes are the same in every run.
    let figures: Promise<Figures> | undefined;
    return Promise.resolve({
      measure: () => (figures ??= measure(context)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

const startUs = 1_767_225_600_000_000;
const periodUs = 2_000_000;
/** The made signals last so long, and begin again: each chunk is encoded alone, so it does not matter. */
const ticksMade = 450;
/** One commit. */
const ticksPerCommit = 5;

async function measure(context: BenchContext): Promise<Figures> {
  const tagCount = context.quick ? 200 : 2_000;
  const hours = context.quick ? 4 : 24;
  const dictionary = makeTags(tagCount, "float64");
  const columns = makeColumns(tagCount, ticksMade, "ticks", context.random);
  const folder = join(context.folder, "day");
  const clock = new PlayedClock(startUs);
  const journal = openJournalCore({
    folder,
    gateway: "bench" as GatewayId,
    // Commits are asked for.
    commitEveryMs: 86_400_000,
    tellEveryMs: 1_000,
    keepRawHours: 48,
    bytesMax: 2 * 2 ** 30,
    clock,
    random: context.random.fork("epoch"),
    log: silentLog,
    onBroken: (failure) => {
      throw failure;
    },
  });
  await journal.adoptTags(dictionary.tags);
  const cpu = process.cpuUsage();
  const ticks = (hours * 3_600_000_000) / periodUs;
  for (let tick = 0; tick < ticks; tick += ticksPerCommit) {
    if (!journal.append(batchAt(dictionary, columns, tagCount, tick))) {
      throw new Error("the journal refused");
    }
    await journal.commit();
    await clock.advance((ticksPerCommit * periodUs) / 1_000);
    await takeAll(journal);
    if (tick % 9_000 === 0) context.say(`${((tick / ticks) * 100).toFixed(0)} % of the day`);
    context.signal.throwIfAborted();
  }
  const used = process.cpuUsage(cpu);
  await journal.close();
  const samples = ticks * tagCount;
  const sizes = sizesIn(join(folder, "journal.db"));
  const scale = (2_000 / tagCount) * (24 / hours);
  return {
    bytes_per_sample_chunks: {
      value: sizes.chunkBytes / sizes.chunkSamples,
      unit: "B",
      note: "pages of the chunks and of their index, as SQLite counts them",
    },
    day_2000_tags_mb: {
      value: (sizes.usedBytes * scale) / 1e6,
      unit: "MB",
      peers: {
        chunks: (sizes.chunkBytes * scale) / 1e6,
        rollups: (sizes.rollupBytes * scale) / 1e6,
      },
      note: context.quick ? "of a smaller plant, scaled" : "the whole file",
    },
    cpu_us_per_sample: {
      value: (used.user + used.system) / samples,
      unit: "µs",
      note: "keeping, re-packing and rolling up together",
    },
  };
}

/** Five ticks of all tags, at the time at which they would have come. */
function batchAt(
  dictionary: Dictionary,
  columns: SampleColumns,
  tagCount: number,
  tick: number,
): Parameters<Journal["append"]>[0] {
  const first = tick % ticksMade;
  const count = ticksPerCommit * tagCount;
  const from = first * tagCount;
  const measuredUs = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const at = Math.floor(row / tagCount);
    // Made at 1 Hz; the jitter stays as it is.
    const jitterUs = (columns.measuredUs[from + row] ?? 0) - startUs - (first + at) * 1e6;
    measuredUs[row] = startUs + (tick + at) * periodUs + jitterUs;
  }
  const device = dictionary.tags[0]?.device;
  if (device === undefined) throw new Error("there is no tag");
  return {
    device,
    receivedUs: startUs + tick * periodUs,
    late: false,
    count,
    tag: columns.tag.subarray(from, from + count),
    measuredUs,
    value: columns.value.subarray(from, from + count),
    status: columns.status.subarray(from, from + count),
  };
}

interface Sizes {
  readonly usedBytes: number;
  readonly chunkBytes: number;
  readonly chunkSamples: number;
  readonly rollupBytes: number;
}

function sizesIn(file: string): Sizes {
  const db = new Database(file, { readonly: true });
  try {
    const one = (query: string): number => db.prepare<[], number>(query).pluck().get() ?? 0;
    const pagesOf = (names: string): number =>
      one(`select sum(pgsize) from dbstat where name in (${names})`);
    return {
      usedBytes: one(
        `select (page_count - freelist_count) * page_size
         from pragma_page_count(), pragma_freelist_count(), pragma_page_size()`,
      ),
      chunkBytes: pagesOf("'chunk', 'chunk_by_age'"),
      chunkSamples: one("select sum(samples) from chunk"),
      rollupBytes: pagesOf("'rollup', 'dirty_hour'"),
    };
  } finally {
    db.close();
  }
}
