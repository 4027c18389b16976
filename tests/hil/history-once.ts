/**
 * Each sample once, as history has it. A journal that is a copy seals again what it cannot prove, under another number, so
 * frames may hold a sample twice; who reads history never sees the second (no-loss protocol 2, N2).
 */
import { gatewayId, type Rig } from "./rig.ts";
import { askDatabase, readFrames } from "./stored-samples.ts";
import { waitFor } from "./wait-for.ts";

/** A pass of the sorter on a busy machine, and the next one. */
const sortedMsMax = 60_000;

export interface HistoryCount {
  /** Samples of the gateway in frames, and how many different ones these are. */
  readonly inFrames: number;
  readonly different: number;
  readonly inHistory: number;
}

/** @param rig at rest, its hub with `history.sortEveryMin` small */
export async function countHistory(rig: Rig): Promise<HistoryCount> {
  let inFrames = 0;
  const different = new Set<string>();
  await readFrames(rig.hubData, gatewayId, ({ tag, measuredUs, value }) => {
    inFrames++;
    different.add(`${tag.id} ${measuredUs} ${String(value)}`);
  });
  await waitFor("all frames to be sorted", sortedMsMax, async () => {
    const [row] = await askDatabase<{ n: string }>(
      rig.hubData,
      "select coalesce(sum(in_frames), 0)::text as n from sample_counts where gateway = $1",
      [gatewayId],
    );
    return Number(row?.n) >= inFrames;
  });
  const [row] = await askDatabase<{ n: string }>(
    rig.hubData,
    `select coalesce(sum(c.samples), 0)::text as n from chunks c join series s on s.no = c.series
     where s.gateway = $1`,
    [gatewayId],
  );
  return { inFrames, different: different.size, inHistory: Number(row?.n) };
}
