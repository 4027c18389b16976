/** The process of the lake: answers from files. Started by `lake-host.ts`; ends with the one who started it. */
import { createLog, messageChain, systemClock } from "@millwright/kit";

import { poolConnections } from "../../database/connections.ts";
import { openPool } from "../../database/pool.ts";
import { SampleReader } from "../sample-reader.ts";
import { SeriesBook } from "../series-book.ts";
import { noteDamaged } from "./damage.ts";
import { digestBuckets } from "./digest-buckets.ts";
import { digestSamples } from "./digest-samples.ts";
import { SampleExport } from "./export-samples.ts";
import { bucketIn, LakeFolder } from "./lake-folder.ts";
import type { LakeQuestion, LakeReply, LakeSettings } from "./lake-messages.ts";
import { ReleasedReader } from "./released-reader.ts";

/** A chart is looked at by a person. An export reads piece by piece, each in less. */
const statementMs = 60_000;

process.once("disconnect", () => {
  process.exit(0);
});
process.on("SIGINT", () => undefined);

process.once("message", (message) => {
  const answer = openAnswering(message as LakeSettings);
  process.on("message", (asked) => {
    const { id, question } = asked as { readonly id: number; readonly question: LakeQuestion };
    answer(question)
      .catch((failure: unknown): LakeReply => ({ kind: "failed", reason: messageChain(failure) }))
      .then((reply) => process.send?.({ id, reply }))
      .catch(() => undefined);
  });
});

function openAnswering(settings: LakeSettings): (question: LakeQuestion) => Promise<LakeReply> {
  const log = createLog("lake", settings.logLevel);
  const connectionsMax = poolConnections.lake;
  const pool = openPool({ url: settings.databaseUrl, connectionsMax, statementMs, log });
  const lake = new LakeFolder({
    folder: settings.folder,
    ...bucketIn(settings),
    damaged: (file, reason) => noteDamaged(pool, file, reason, systemClock, log),
  });
  const reader = new SampleReader(pool, new SeriesBook(), new ReleasedReader(pool, lake));
  const exports = new Map<number, SampleExport>();
  return async (question) => {
    switch (question.kind) {
      case "lines":
        return { kind: "lines", lines: await reader.lines(question) };
      case "export-open": {
        const { no, order } = question;
        exports.set(no, new SampleExport({ pool, reader, lake }, `${process.pid}-${no}`, order));
        return { kind: "export" };
      }
      case "export-next": {
        const known = exports.get(question.no);
        if (known === undefined)
          throw new Error("the export ended with the lake's process; ask for it again");
        return { kind: "export", piece: await known.next() };
      }
      case "export-close": {
        const known = exports.get(question.no);
        exports.delete(question.no);
        await known?.[Symbol.asyncDispose]();
        return { kind: "export" };
      }
      case "digest":
        return { kind: "digest", answer: await digestSamples(pool, reader, question) };
      case "digest-buckets":
        return { kind: "digest-buckets", answer: await digestBuckets(pool, question) };
    }
  };
}
