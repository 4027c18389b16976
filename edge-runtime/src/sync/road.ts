import type { RoadLane } from "@millwright/wire-contract";

/**
 * The way to the hub, as far as the uplink knows it: a connection that carries frames and small messages, and that ends.
 * It never reconnects; each connection begins with a hello.
 */
export interface Road {
  /** Throws `HubUnreachable`. */
  connect(events: RoadEvents, signal: AbortSignal): Promise<RoadSession>;
}

/** Called from the connection's own turn; they must not throw. */
export interface RoadEvents {
  /**
   * The broker answered one frame, in the order of publishing within lane and round. That it has the frame proves
   * nothing about a power cut: an ack paces the sender and releases nothing (reliability, rule 3).
   *
   * @param refusal why the broker did not take it; absent when it did
   */
  acked(lane: RoadLane, round: number, refusal?: string): void;
  /** A mark message, not yet read. */
  mark(bytes: Uint8Array): void;
  /** What the hub orders, not yet read. */
  orders(bytes: Uint8Array): void;
}

export interface RoadSession {
  /**
   * Hands a frame to the broker. Does not wait; the answer comes by `acked`. The bytes are the road's from now on: it may
   * give their memory back.
   *
   * @param id `Nats-Msg-Id`
   */
  publish(lane: RoadLane, round: number, subject: string, id: string, bytes: Uint8Array): void;
  /** Asks and waits for the answer; rejects when none comes in time or nobody listens. */
  request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /** Tells without waiting. */
  send(subject: string, bytes: Uint8Array): void;
  /** Resolves with the reason once the connection has ended. */
  readonly closed: Promise<string>;
  /** Sends what is still in hand, then ends. */
  close(): Promise<void>;
}
