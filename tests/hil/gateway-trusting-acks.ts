/**
 * The control's gateway: the product's runtime with one rule exchanged. It lets a frame go when the broker acknowledges
 * it, which is what a PubAck seems to allow, instead of waiting for the mark of the hub.
 */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

import { loadSettings, runRuntime, type RuntimeOptions } from "@millwright/edge-runtime";
import { createLog, seededRandom, systemClock } from "@millwright/kit";

const { values } = parseArgs({ options: { settings: { type: "string", default: "" } } });
const stopping = new AbortController();
process.on("SIGTERM", () => {
  stopping.abort();
});

const releaseOnAck: NonNullable<RuntimeOptions["releaseRule"]> = (evidence) => {
  if (evidence.kind === "mark") return evidence.mark;
  const { epoch, lane, seq, chain } = evidence.frame;
  return { epoch, lane, storedSeq: seq, safeSeq: seq, chain: chain.toString(16).padStart(16, "0") };
};

await runRuntime(
  {
    settings: loadSettings(values.settings),
    software: "millwright control",
    clock: systemClock,
    random: seededRandom(randomBytes(32).toString("hex")),
    log: createLog("edge"),
    releaseRule: releaseOnAck,
    ready: (facts) => process.send?.({ ready: true, ...facts }),
  },
  stopping.signal,
);
if (process.connected) process.disconnect();
