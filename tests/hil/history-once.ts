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
  // The gateway goes on measuring its own health: what is counted must not have grown meanwhile.
  return await waitFor("all frames to be sorted, and no new one", sortedMsMax, async () => {
    const frames = await countFrames(rig);
    const [row] = await askDatabase<{ counted: string; kept: string }>(
      rig.hubData,
      `select (select coalesce(sum(in_frames), 0) from sample_counts where gateway = $1)::text as counted,
         (select coalesce(sum(c.samples), 0) from chunks c join series s on s.no = c.series
          where s.gateway = $1)::text as kept`,
      [gatewayId],
    );
    const { inFrames } = await countFrames(rig);
    const counted = Number(row?.counted);
    if (counted >= inFrames && inFrames === frames.inFrames) {
      return { ...frames, inHistory: Number(row?.kept) };
    }
    throw new Error(`${frames.inFrames} in frames, then ${inFrames}; ${counted} sorted`);
  });
}

async function countFrames(rig: Rig): Promise<Omit<HistoryCount, "inHistory">> {
  let inFrames = 0;
  const different = new Set<string>();
  await readFrames(rig.hubData, gatewayId, ({ tag, measuredUs, value }) => {
    inFrames++;
    different.add(`${tag.id} ${measuredUs} ${String(value)}`);
  });
  return { inFrames, different: different.size };
}
