/** What many gateways send, in the broker's stream before the hub starts. */
import { systemClock } from "@millwright/kit";
import { encodeSamples, messageId, subjects, type SampleColumns } from "@millwright/wire-contract";
import { createInbox, headers, type NatsConnection } from "@nats-io/transport-node";

import type { BenchContext } from "./bench.ts";
import type { Broker } from "./broker.ts";
import { makeColumns, makeTags } from "./codec-data.ts";
import { FrameMaker } from "./hub-database.ts";

export interface HubLoad {
  /** How the names of its gateways begin. */
  readonly name: string;
  readonly gateways: number;
  readonly tags: number;
  /** A frame is one second of all tags. */
  readonly frames: number;
}

/** All gateways have the same machine: its bodies are encoded once, its frames sealed for each. */
export async function publishLoad(
  context: BenchContext,
  broker: Broker,
  load: HubLoad,
): Promise<void> {
  const { name, gateways, tags, frames } = load;
  const dictionary = makeTags(tags, "float64");
  const ticks = ofLastHour(makeColumns(tags, frames, "ticks", context.random));
  const parts = Array.from({ length: frames }, (_, at) => {
    const [from, end] = [at * tags, at * tags + tags];
    return {
      count: tags,
      tag: ticks.tag.subarray(from, end),
      measuredUs: ticks.measuredUs.subarray(from, end),
      value: ticks.value.subarray(from, end),
      status: ticks.status.subarray(from, end),
    };
  });
  const bodies = parts.map((part) => encodeSamples(part, dictionary));
  const road = openRoad(broker.client);
  for (let gateway = 0; gateway < gateways; gateway++) {
    const maker = new FrameMaker(`${name}-${gateway}`, dictionary);
    const send = (lane: "critical" | "live", seq: number, bytes: Uint8Array): Promise<void> =>
      road.send(
        subjects.frame(lane, maker.gateway),
        messageId(maker.gateway, maker.epoch, lane, seq, 1),
        bytes,
      );
    await send("critical", 1, maker.dictionaryFrame());
    for (const [at, part] of parts.entries()) {
      await send("live", at + 1, maker.samples(part, bodies[at]));
    }
  }
  await road.settled();
}

const hourUs = 3_600e6;
/** Within an hour, whatever the bench's loads are, and not at the turn of a minute either. */
const intoHourUs = 600.5e6;

/**
 * As if it had been measured in the hour before this one. What is older than a plant keeps, the hub lets go while it is
 * still being sorted; and where a load begins at midnight, jitter puts the first sample of every other tag on the day
 * before, so that nearly half of all tags have their rows twice.
 */
function ofLastHour(columns: SampleColumns): SampleColumns {
  const fromUs = (Math.floor(systemClock.nowUs() / hourUs) - 1) * hourUs + intoHourUs;
  const least = columns.measuredUs.reduce((first, us) => Math.min(first, us), Infinity);
  const wholeUs = Math.round(fromUs - least);
  return { ...columns, measuredUs: columns.measuredUs.map((us) => us + wholeUs) };
}

/** Counted acks, as the gateway's road has them: so many are on their way. */
const unackedMax = 1_024;

function openRoad(client: NatsConnection): {
  send(subject: string, id: string, bytes: Uint8Array): Promise<void>;
  settled(): Promise<void>;
} {
  const inbox = createInbox();
  let [sent, acked] = [0, 0];
  let wake = (): void => undefined;
  client.subscribe(inbox, {
    callback: (_failure, message) => {
      const text = message.string();
      if (text.includes('"error"')) throw new Error(`the broker refused a frame: ${text}`);
      acked++;
      wake();
    },
  });
  const until = async (most: number): Promise<void> => {
    while (sent - acked > most) await new Promise<void>((resolve) => (wake = resolve));
  };
  return {
    async send(subject, id, bytes) {
      const head = headers();
      head.set("Nats-Msg-Id", id);
      sent++;
      client.publish(subject, bytes, { reply: inbox, headers: head });
      await until(unackedMax);
    },
    settled: () => until(0),
  };
}
