import type {
  GatewayId,
  HelloAnswer,
  MarkMessage,
  ProbeAnswer,
  RoadLane,
} from "@millwright/wire-contract";

/** One message of the road: bytes that claim to be a frame. */
export interface InboxMessage {
  /** Whom the subject names, which the sender's credentials are held to. */
  readonly gateway: GatewayId;
  readonly lane: RoadLane;
  readonly bytes: Uint8Array;
  /** The database has it: the road may forget it. Without this it is delivered again, for ever. */
  acknowledge(): void;
}

export interface InboxEvents {
  /** A beat, not yet read. */
  beat(gateway: GatewayId, bytes: Uint8Array): void;
  /** A hello, not yet read; answered with nothing it is asked again. */
  hello(gateway: GatewayId, bytes: Uint8Array): Promise<HelloAnswer | undefined>;
  /** What came on the subject of a hello, and is none: somebody asks whether this hub is there. */
  probe(): Promise<ProbeAnswer>;
}

/**
 * The road as the hub sees it, over NATS or played. It pulls: what is not asked for waits in the broker, so a slow
 * database slows the gateways and fills no memory.
 */
export interface Inbox {
  open(events: InboxEvents): Promise<void>;
  /**
   * Waits until there is something, then answers with all that has come, at most about `bytesMax`. Several callers get
   * different messages. Rejects with the reason of `signal` when it aborts.
   */
  take(bytesMax: number, signal: AbortSignal): Promise<readonly InboxMessage[]>;
  publishMarks(gateway: GatewayId, message: MarkMessage): void;
  close(): Promise<void>;
}
