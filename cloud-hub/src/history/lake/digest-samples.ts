/** What is stored of some tags in a range: how much in parts of it, and one digest to compare with the gateway's. */
import { SampleDigest } from "@millwright/wire-contract";
import type { Series } from "@millwright/aggregates";
import type pg from "pg";

import type { DigestAnswer, DigestOrder } from "../../hand-over.ts";
import type { SampleReader } from "../sample-reader.ts";

/** Read at a time: an hour of a tag at 1 kHz is 3.6 million samples, some 100 MB for a while. */
const windowUs = 3_600_000_000;

/** Tag by tag and hour by hour, so that its memory does not grow with the range. */
export async function digestSamples(
  pool: Pick<pg.Pool, "query">,
  reader: SampleReader,
  { gateway, tags, toUs, ranges }: DigestOrder,
): Promise<DigestAnswer> {
  const found = await pool.query<{ no: number; tag: string }>(
    "select no, tag from series where gateway = $1 and tag = any($2::text[])",
    [gateway, tags.map(({ tag }) => tag)],
  );
  const numbers = new Map(found.rows.map(({ no, tag }) => [tag, no]));
  const counts = ranges.map(() => 0);
  const answers: { samples: number; digest: string }[] = [];
  for (const { tag, fromUs } of tags) {
    const own = [...ranges.entries()].filter(([, range]) => range.tag === tag);
    const firstUs = Math.min(fromUs, ...own.map(([, range]) => range.fromUs));
    const digest = new SampleDigest();
    for (let us = firstUs; us < toUs; us += windowUs) {
      const endUs = Math.min(toUs, us + windowUs);
      // What is not sorted yet has fractions of a µs, and is rounded when it is.
      const [rows] = await reader.read(gateway, [tag], [numbers.get(tag)], us - 1, endUs);
      if (rows === undefined || rows.count === 0) continue;
      digest.add(roundedWithin(rows, Math.max(us, fromUs), endUs));
      for (const [at, range] of own) {
        const part = new SampleDigest();
        part.add(roundedWithin(rows, Math.max(us, range.fromUs), Math.min(endUs, range.toUs)));
        counts[at] = (counts[at] ?? 0) + part.samples;
      }
    }
    answers.push({ samples: digest.samples, digest: digest.finish() });
  }
  return { tags: answers, counts };
}

/** Rows without a time are left out by the digest. */
function roundedWithin(rows: Series, fromUs: number, toUs: number): Series {
  const measuredUs = rows.measuredUs.map((us) => {
    const rounded = Math.round(us);
    return rounded >= fromUs && rounded < toUs ? rounded : NaN;
  });
  return { ...rows, measuredUs };
}
