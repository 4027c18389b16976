/**
 * The road by NATS JetStream. One stream for each lane, so that a full one stops that lane only; a durable pull
 * consumer for each lane and bucket of gateways, so that several hubs share the work (server 2.9 allows one filter for
 * each consumer).
 */
import { messageChain, type Clock, type Log } from "@millwright/kit";
import {
  bucketCount,
  gatewayOfSubject,
  isGatewayId,
  roadLanes,
  streamNames,
  subjects,
  type GatewayId,
  type HelloAnswer,
  type OrdersMessage,
  type ProbeAnswer,
  type RoadLane,
} from "@millwright/wire-contract";
import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type ConsumerInfo,
  type ConsumerMessages,
  type JetStreamManager,
  type JsMsg,
  type StreamState,
} from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";

import type { Inbox, InboxEvents, InboxMessage } from "./inbox.ts";
import { isProbe } from "./messages.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface NatsInboxOptions {
  readonly url: string;
  readonly credentials?: { readonly user: string; readonly password: string };
  /** Bound of each stream, bytes. */
  readonly streamBytesMax: number;
  /** How far a gateway has come with an order, not yet read. */
  readonly report: (gateway: GatewayId, bytes: Uint8Array) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** The broker remembers message ids for this long; go-back changes the id, so the window only spares us repeats. */
const duplicateWindowNs = 120e9;
/** Later than any commit that still works: a worker that died loses its messages to another after this. */
const ackWaitNs = 30e9;
/** Messages asked for ahead, for each consumer. 64 consumers of 200 frames of a few KB are some tens of MB at most. */
const aheadMax = 200;
/** So many are out with workers at the same time, for each consumer. */
const unacknowledgedMax = 2_000;
/** Frames on the way of one gateway and lane; its window is 8 MiB of them. Server 2.9 bounds a subject by number only. */
const messagesOfGatewayMax = 20_000;

export class NatsInbox implements Inbox {
  readonly #options: NatsInboxOptions;
  // Nothing more is asked for while workers have not caught up.
  readonly #waiting = new WaitingRoom<JsMsg>(aheadMax * 4);
  readonly #closing = new AbortController();
  #connection: NatsConnection | undefined;
  #cutOffUs: number | undefined;
  #consuming: Promise<unknown> = Promise.resolve();
  readonly #streams = new Set<ConsumerMessages>();

  constructor(options: NatsInboxOptions) {
    this.#options = options;
  }

  /** Since when there has been no connection to the broker, and nobody is heard; undefined while there is one. */
  get cutOffUs(): number | undefined {
    return this.#cutOffUs;
  }

  async open(events: InboxEvents): Promise<void> {
    const { url, credentials, log } = this.#options;
    const connection = await connect({
      servers: url,
      name: "hub",
      ...(credentials === undefined ? {} : { user: credentials.user, pass: credentials.password }),
      // The broker may be away for as long as it likes; frames wait at the gateways.
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      timeout: 10_000,
    });
    this.#connection = connection;
    void this.#tellStates(connection);
    connection.subscribe(subjects.beats, {
      callback: (failure, message) => {
        const gateway = gatewayOfSubject(message.subject);
        if (failure === null && isGatewayId(gateway)) events.beat(gateway, message.data);
      },
    });
    connection.subscribe(subjects.reports, {
      callback: (failure, message) => {
        const gateway = gatewayOfSubject(message.subject);
        if (failure === null && isGatewayId(gateway)) this.#options.report(gateway, message.data);
      },
    });
    // Of several hubs one answers; any of them can.
    connection.subscribe(subjects.hellos, {
      queue: "hub",
      callback: (failure, message) => {
        const gateway = gatewayOfSubject(message.subject);
        if (failure !== null || !isGatewayId(gateway)) return;
        const answer: Promise<HelloAnswer | ProbeAnswer | undefined> = isProbe(message.data)
          ? events.probe()
          : events.hello(gateway, message.data);
        answer.then(
          (said) => {
            if (said !== undefined) message.respond(JSON.stringify(said));
          },
          (reason: unknown) => {
            log.warn("ingest.hello-failed", { gateway, reason: messageChain(reason) });
          },
        );
      },
    });
    try {
      await this.#makeStreams(await jetstreamManager(connection));
    } catch (failure) {
      // It would go on connecting again and answering hellos beside the next one.
      await connection.close();
      throw failure;
    }
    this.#consuming = Promise.all(
      roadLanes.flatMap((lane) =>
        Array.from({ length: bucketCount }, (_, bucket) => this.#consumeForEver(lane, bucket)),
      ),
    );
  }

  async take(bytesMax: number, signal: AbortSignal): Promise<readonly InboxMessage[]> {
    const taken: InboxMessage[] = [];
    let bytes = 0;
    // Another worker may have taken what was there when this one was woken.
    while (taken.length === 0) {
      await this.#waiting.filled(signal);
      while (bytes < bytesMax) {
        const message = this.#waiting.take();
        if (message === undefined) break;
        const read = toInboxMessage(message);
        if (read === undefined) {
          // On a subject of ours and yet of no gateway: nobody could ever be asked for it again.
          message.term();
          continue;
        }
        bytes += read.bytes.length;
        taken.push(read);
      }
    }
    return taken;
  }

  publishMarks(gateway: GatewayId, message: unknown): void {
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed()) return;
    connection.publish(subjects.mark(gateway), JSON.stringify(message));
  }

  publishOrders(gateway: GatewayId, message: OrdersMessage): void {
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed()) return;
    connection.publish(subjects.orders(gateway), JSON.stringify(message));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const stream of this.#streams) stream.stop();
    await this.#consuming.catch(() => undefined);
    // Sends what is written, among it the last acknowledgements and marks.
    await this.#connection?.drain().catch(() => undefined);
    await this.#connection?.close();
  }

  async #makeStreams(manager: JetStreamManager): Promise<void> {
    for (const lane of roadLanes) {
      const config = {
        subjects: [subjects.frames(lane)],
        storage: StorageType.File,
        // Gone once the database has it.
        retention: RetentionPolicy.Workqueue,
        // When full it refuses, and gateways keep what they have; the other choice would lose the oldest.
        discard: DiscardPolicy.New,
        discard_new_per_subject: true,
        max_bytes: this.#options.streamBytesMax,
        max_msgs_per_subject: messagesOfGatewayMax,
        duplicate_window: duplicateWindowNs,
      };
      const name = streamNames[lane];
      try {
        await manager.streams.info(name);
        await manager.streams.update(name, config);
      } catch (failure) {
        if (!isMissing(failure)) throw failure;
        await manager.streams.add({ name, ...config });
      }
    }
  }

  /** Streams may vanish with the broker's disk: then stream and consumer are made anew and gateways go back. */
  async #consumeForEver(lane: RoadLane, bucket: number): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#closed()) {
      try {
        await this.#consume(lane, bucket);
      } catch (failure) {
        if (this.#closed()) return;
        log.warn("ingest.consumer-lost", { lane, bucket, reason: messageChain(failure) });
      }
      await clock.sleep(1_000, this.#closing.signal).catch(() => undefined);
      if (!this.#closed()) await this.#renew(lane);
    }
  }

  async #renew(lane: RoadLane): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    await jetstreamManager(connection)
      .then(async (manager) => {
        await manager.streams.info(streamNames[lane]).catch(async (failure: unknown) => {
          if (isMissing(failure)) await this.#makeStreams(manager);
        });
      })
      .catch(() => undefined);
  }

  async #consume(lane: RoadLane, bucket: number): Promise<void> {
    const connection = this.#connection;
    const { log } = this.#options;
    if (connection === undefined) return;
    const manager = await jetstreamManager(connection);
    const stream = streamNames[lane];
    const durable = `hub-${bucket}`;
    const config = {
      durable_name: durable,
      filter_subject: subjects.framesOfBucket(lane, bucket),
      ack_policy: AckPolicy.Explicit,
      ack_wait: ackWaitNs,
      max_deliver: -1,
      max_ack_pending: unacknowledgedMax,
    };
    // First the stream: what comes between the two questions is the consumer's to give.
    const { state } = await manager.streams.info(stream, {
      subjects_filter: config.filter_subject,
    });
    const known = await manager.consumers.add(stream, config);
    if (isAhead(known, state)) {
      log.warn("ingest.consumer-ahead", { lane, bucket });
      await manager.consumers.delete(stream, durable);
      await manager.consumers.add(stream, config);
    }
    const consumer = await jetstream(connection).consumers.get(stream, durable);
    const messages = await consumer.consume({
      max_messages: aheadMax,
      abort_on_missing_resource: true,
    });
    this.#streams.add(messages);
    // The end may have come while the broker was asked: nobody else would stop this one.
    if (this.#closed()) messages.stop();
    try {
      for await (const message of messages) {
        this.#waiting.put(message);
        await this.#waiting.roomy(this.#closing.signal).catch(() => undefined);
      }
    } finally {
      this.#streams.delete(messages);
    }
  }

  /** A call, because a compiler that has seen a property false once believes that it stays so across a wait. */
  #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #tellStates(connection: NatsConnection): Promise<void> {
    const { clock, log } = this.#options;
    for await (const state of connection.status()) {
      if (state.type === "disconnect") {
        this.#cutOffUs ??= clock.nowUs();
        log.warn("ingest.broker-lost", { server: state.server });
      }
      if (state.type !== "reconnect") continue;
      this.#cutOffUs = undefined;
      log.info("ingest.broker-back", { server: state.server });
      // Its disk may have lost something meanwhile: each begins anew, and compares.
      for (const stream of this.#streams) stream.stop();
    }
  }
}

/** `mw1.frame.<lane>.<bucket>.<gateway>` */
function toInboxMessage(message: JsMsg): InboxMessage | undefined {
  const [, , laneToken] = message.subject.split(".");
  const lane = roadLanes.find((one) => one === laneToken);
  const gateway = gatewayOfSubject(message.subject);
  if (lane === undefined || !isGatewayId(gateway)) return undefined;
  return {
    gateway,
    lane,
    bytes: message.data,
    acknowledge: () => {
      message.ack();
    },
  };
}

/**
 * After a power cut a stream may have lost its end, and a consumer of it not: it has been given numbers that the stream gives
 * once more, and passes over the messages that bear them. Either they are still to come, or some are there: in a work queue
 * each message is still to be given or to be acknowledged, and one that is neither has been passed over. A consumer that is
 * said to be ahead wrongly gives again what was not acknowledged.
 *
 * @param state of the stream, with the messages of the consumer by subject, as they were before the consumer was asked
 */
export function isAhead(
  consumer: Pick<ConsumerInfo, "num_pending" | "num_ack_pending"> & {
    readonly delivered: Pick<ConsumerInfo["delivered"], "stream_seq">;
  },
  state: Pick<StreamState, "last_seq" | "subjects">,
): boolean {
  const messages = Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
  const isPassing = consumer.delivered.stream_seq > state.last_seq;
  return isPassing || consumer.num_pending + consumer.num_ack_pending < messages;
}

function isMissing(failure: unknown): boolean {
  return failure instanceof JetStreamApiError && failure.status === 404;
}
