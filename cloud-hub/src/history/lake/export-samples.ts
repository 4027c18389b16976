/** Samples of a range as one Parquet file, for people who work with data. */
import type { GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

import { dayUs } from "../samples/chunk.ts";
import type { SampleReader } from "../sample-reader.ts";
import { openDuck } from "./duck.ts";
import { PartWriter } from "./part-writer.ts";

export interface ExportOrder {
  readonly gateway: GatewayId;
  readonly tags: readonly string[];
  readonly fromUs: number;
  readonly toUs: number;
  readonly path: string;
}

/** Day by day and tag by tag, so that its memory does not grow with the range. Answers the number of samples. */
export async function exportSamples(
  pool: pg.Pool,
  reader: SampleReader,
  scratch: string,
  { gateway, tags, fromUs, toUs, path }: ExportOrder,
): Promise<number> {
  const found = await pool.query<{ no: number; tag: string; unit: string }>(
    "select no, tag, unit from series where gateway = $1 and tag = any($2::text[]) order by tag",
    [gateway, tags],
  );
  const duck = await openDuck(scratch);
  try {
    const writer = await PartWriter.open(duck);
    for (const { no, tag, unit } of found.rows) {
      for (let us = fromUs; us <= toUs; us = nextMidnight(us)) {
        const endUs = Math.min(toUs, nextMidnight(us) - 1);
        const [samples] = await reader.read(gateway, [tag], [no], us, endUs);
        if (samples !== undefined) writer.append({ gateway, tag, unit }, samples, 0);
      }
    }
    return (await writer.finish(path)).samples;
  } finally {
    duck.closeSync();
  }
}

function nextMidnight(us: number): number {
  return (Math.floor(us / dayUs) + 1) * dayUs;
}
