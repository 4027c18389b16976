import { createNatsRoad } from "@millwright/edge-runtime/nats-road";
import { messageId, streamNames, subjects, type GatewayId } from "@millwright/wire-contract";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { createInbox, headers, type NatsConnection } from "@nats-io/transport-node";

import type { Bench, BenchContext } from "./bench.ts";
import { startBroker, stopBroker, type Broker } from "./broker.ts";

/** How fast frames go to the broker by our road, beside the bare loop and the client's own way. */
export const bench: Bench = {
  name: "publish",
  about:
    "frames of 2 kB to a file stream of one nats-server on loopback; acknowledged, not synced (the broker's default)",
  async open(context) {
    const server = await startServer(context);
    const frames = context.quick ? 2_000 : 40_000;
    let round = 0;
    return {
      async measure() {
        await empty(server.client);
        const bare = await publishBare(server, frames, ++round, true);
        await empty(server.client);
        const bareWithoutId = await publishBare(server, frames, ++round, false);
        await empty(server.client);
        const ours = await publishByRoad(server, frames, ++round);
        await empty(server.client);
        const promises = await publishByPromise(server, frames / 8, ++round);
        return {
          share_of_bare_counted_ack: {
            value: ours / bare,
            unit: "",
            peers: { promise_per_publish: promises / bare },
            note: "the bare loop sends the same message ids",
          },
          share_of_bare_without_ids: { value: ours / bareWithoutId, unit: "" },
          frames_per_s: {
            value: ours,
            unit: "frames/s",
            limit: bare,
            peers: { promise_per_publish: promises },
          },
        };
      },
      async [Symbol.asyncDispose]() {
        await stopBroker(server);
      },
    };
  },
};

const gateway = "bench" as GatewayId;
const epoch = "0".repeat(32);
const subject = subjects.frame("live", gateway);
const frame = new Uint8Array(2_048).fill(7);
/** So many are on the road, in each of the ways. */
const unackedMax = 2_048;

async function startServer({ folder }: BenchContext): Promise<Broker> {
  const broker = await startBroker(folder);
  const manager = await jetstreamManager(broker.client);
  await manager.streams.add({ name: streamNames.live, subjects: [subjects.frames("live")] });
  return broker;
}

async function empty(client: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(client);
  await manager.streams.purge(streamNames.live);
}

/** Frames a second of a sender that keeps `unackedMax` on the road. */
async function paced(
  frames: number,
  send: (at: number) => void,
  onAcked: (acked: () => void) => void,
): Promise<number> {
  let sent = 0;
  let acked = 0;
  const fromMs = performance.now();
  await new Promise<void>((resolve) => {
    const fill = (): void => {
      while (sent < frames && sent - acked < unackedMax) send(sent++);
    };
    onAcked(() => {
      acked++;
      if (acked === frames) resolve();
      else if (sent - acked <= unackedMax / 2) fill();
    });
    fill();
  });
  return (frames * 1_000) / (performance.now() - fromMs);
}

async function publishBare(
  { client }: Broker,
  frames: number,
  round: number,
  withId: boolean,
): Promise<number> {
  const inbox = createInbox();
  let acked = (): void => undefined;
  const acks = client.subscribe(inbox, {
    callback: () => {
      acked();
    },
  });
  const rate = await paced(
    frames,
    (at) => {
      if (!withId) {
        client.publish(subject, frame, { reply: inbox });
        return;
      }
      const head = headers();
      head.set("Nats-Msg-Id", messageId(gateway, epoch, "live", at, round));
      client.publish(subject, frame, { reply: inbox, headers: head });
    },
    (listener) => {
      acked = listener;
    },
  );
  acks.unsubscribe();
  return rate;
}

async function publishByRoad({ url }: Broker, frames: number, round: number): Promise<number> {
  let acked = (): void => undefined;
  const session = await createNatsRoad({ servers: [url], gateway }).connect(
    {
      acked: (_lane, _round, refusal) => {
        if (refusal !== undefined) throw new Error(refusal);
        acked();
      },
      mark: () => undefined,
      orders: () => undefined,
    },
    new AbortController().signal,
  );
  const rate = await paced(
    frames,
    (at) => {
      const id = messageId(gateway, epoch, "live", at, round);
      session.publish("live", round, subject, id, frame);
    },
    (listener) => {
      acked = listener;
    },
  );
  await session.close();
  return rate;
}

async function publishByPromise(
  { client }: Broker,
  frames: number,
  round: number,
): Promise<number> {
  const stream = jetstream(client);
  let acked = (): void => undefined;
  return paced(
    frames,
    (at) => {
      const msgID = messageId(gateway, epoch, "live", at, round);
      stream.publish(subject, frame, { msgID }).then(
        () => {
          acked();
        },
        (failure: unknown) => {
          throw failure;
        },
      );
    },
    (listener) => {
      acked = listener;
    },
  );
}
