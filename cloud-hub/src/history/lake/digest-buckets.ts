/** What is stored of minutes or hours of some tags, as one digest each to compare with the gateway's. */
import { BucketDigest } from "@millwright/aggregates";
import { frameContents, type GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

import type { BucketAnswer, BucketOrder } from "../../hand-over.ts";
import { hourTier, minuteTier, readRollups } from "../rollups/rollup-store.ts";

/** Rows read at a time: a week of minutes, half a year of hours. */
const slotsAtOnce = 168;

/** @returns undefined while frames that tell minutes or hours are stored and not in their tier yet: with the next pass of the sorter */
export async function digestBuckets(
  pool: pg.Pool,
  { gateway, resolution, tags }: BucketOrder,
): Promise<BucketAnswer | undefined> {
  if (await isUnsorted(pool, gateway)) return undefined;
  const tier = resolution === "minutes" ? minuteTier : hourTier;
  const found = await pool.query<{ no: number; tag: string }>(
    "select no, tag from series where gateway = $1 and tag = any($2::text[])",
    [gateway, tags.map(({ tag }) => tag)],
  );
  const numbers = new Map(found.rows.map(({ no, tag }) => [tag, no]));
  const answers: { samples: number; digest: string }[] = [];
  for (const { tag, ranges } of tags) {
    const digest = new BucketDigest();
    const series = numbers.get(tag);
    for (const [fromUs, toUs] of series === undefined ? [] : ranges) {
      const lastSlot = Math.floor((toUs - 1) / tier.slotUs);
      for (let slot = Math.floor(fromUs / tier.slotUs); slot <= lastSlot; slot += slotsAtOnce) {
        const toSlot = Math.min(lastSlot, slot + slotsAtOnce - 1);
        const range = { series: series ?? -1, fromSlot: slot, toSlot };
        const [rows = []] = await readRollups(pool, tier, [range]);
        for (const buckets of rows) digest.add(buckets, fromUs, toUs);
      }
    }
    const { count: samples } = digest;
    answers.push({ samples, digest: digest.finish() });
  }
  return { tags: answers };
}

async function isUnsorted(pool: pg.Pool, gateway: GatewayId): Promise<boolean> {
  const found = await pool.query(
    `select from epochs e join marks m on m.epoch_no = e.no
     left join sorted_lanes s on s.epoch_no = m.epoch_no and s.lane = m.lane
     cross join lateral (
       select from frames f where f.epoch_no = m.epoch_no and f.lane = m.lane and f.seq > coalesce(s.seq, 0)
         and f.content = ${frameContents.aggregates} limit 1) f
     where e.gateway = $1 and m.top_seq > coalesce(s.seq, 0) limit 1`,
    [gateway],
  );
  return found.rows.length > 0;
}
