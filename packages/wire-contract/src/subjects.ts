import type { RoadLane } from "./lane.ts";
import type { GatewayId } from "./tag.ts";

/**
 * The subjects of the road between gateways and hub. The gateway is a token of each subject, so that its credentials
 * can be held to its own; the bucket before it lets several hub workers share a stream, because nats-server 2.9 allows
 * one filter per consumer and no transforms in a stream.
 */
export const bucketCount = 16;

/** FNV-1a of the gateway id, folded into `bucketCount`. Both sides must agree for ever: it is part of the contract. */
export function bucketOf(gateway: GatewayId): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < gateway.length; index++) {
    hash = Math.imul(hash ^ gateway.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % bucketCount;
}

export const streamNames: Readonly<Record<RoadLane, string>> = {
  critical: "MW_CRITICAL",
  live: "MW_LIVE",
  history: "MW_HISTORY",
  capture: "MW_CAPTURE",
};

export const subjects = {
  /** Frames of one lane of one gateway. */
  frame: (lane: RoadLane, gateway: GatewayId): string =>
    `mw1.frame.${lane}.${bucketOf(gateway)}.${gateway}`,
  /** What a stream listens to. */
  frames: (lane: RoadLane): string => `mw1.frame.${lane}.*.*`,
  /** What one worker's consumer listens to. */
  framesOfBucket: (lane: RoadLane, bucket: number): string => `mw1.frame.${lane}.${bucket}.*`,
  /** Request and reply: the gateway says which epochs and heads it has, the hub answers with its marks. */
  hello: (gateway: GatewayId): string => `mw1.hello.${gateway}`,
  hellos: "mw1.hello.*",
  /** How far the hub has stored, and how far safely. */
  mark: (gateway: GatewayId): string => `mw1.mark.${gateway}`,
  /** Once a second: the gateway lives, and these devices were last proven at. */
  beat: (gateway: GatewayId): string => `mw1.beat.${gateway}`,
  beats: "mw1.beat.*",
  /** What the hub wants of the gateway beside the usual: repairs and recordings. */
  orders: (gateway: GatewayId): string => `mw1.orders.${gateway}`,
  /** How far the gateway has come with one of them. */
  report: (gateway: GatewayId): string => `mw1.report.${gateway}`,
  reports: "mw1.report.*",
} as const;

/** The gateway of a frame, hello, beat or report subject: its last token. */
export function gatewayOfSubject(subject: string): string {
  return subject.slice(subject.lastIndexOf(".") + 1);
}

/** `Nats-Msg-Id`: frame identity and resend round, so that a frame the hub lost passes the dedupe window again. */
export function messageId(
  gateway: GatewayId,
  epoch: string,
  lane: RoadLane,
  seq: number,
  round: number,
): string {
  return `${gateway}/${epoch}/${lane}/${seq}/${round}`;
}
