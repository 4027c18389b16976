/**
 * What we ask of a server's subscription, computed from what the person wants. The server revises it; what it says is
 * used and shown (OPC 10000-4, 5.14.2 and 5.13.2; field practice 18, 19, 22).
 */
export interface SubscriptionPlan {
  readonly publishingMs: number;
  readonly keepAliveCount: number;
  readonly lifetimeCount: number;
}

/** Servers answer larger counts with their own bound; this one keeps the arithmetic in 32 bits on both sides. */
const countMax = 0xffff_fff;

export function planSubscription(wanted: {
  readonly publishingMs: number;
  readonly keepAliveMs: number;
  readonly lifetimeMinutes: number;
}): SubscriptionPlan {
  const keepAliveCount = Math.max(1, Math.floor(wanted.keepAliveMs / wanted.publishingMs));
  // OPC 10000-4, 5.14.2: the lifetime count shall be at least three times the keep-alive count.
  const lifetimeCount = Math.max(
    keepAliveCount * 3,
    Math.ceil((wanted.lifetimeMinutes * 60_000) / wanted.publishingMs),
  );
  return {
    publishingMs: wanted.publishingMs,
    keepAliveCount,
    lifetimeCount: Math.min(countMax, lifetimeCount),
  };
}

/**
 * What to ask once more, because counts are of publishing intervals and the server chose another interval than ours:
 * keep-alives would be further apart than wanted, or our subscription would be forgotten sooner (field practice 22).
 *
 * @returns undefined when what was granted is good enough
 */
export function replan(
  wanted: Parameters<typeof planSubscription>[0],
  granted: SubscriptionPlan,
): SubscriptionPlan | undefined {
  const plan = planSubscription({ ...wanted, publishingMs: granted.publishingMs });
  const good =
    granted.keepAliveCount <= plan.keepAliveCount && granted.lifetimeCount >= plan.lifetimeCount;
  return good ? undefined : plan;
}

/**
 * Size of one item's queue in the server: what a publish carries, half as much again, and at least what a break of
 * `bridgeSeconds` gathers. Never 1: a queue of one overwrites without saying so (field practice 19).
 *
 * @param spacingMs how far apart two values are: the sampling interval, or what the person expects of an item that is
 *   reported on change
 */
export function queueSize(spacingMs: number, publishingMs: number, bridgeSeconds: number): number {
  const daily = Math.ceil((publishingMs / spacingMs) * 1.5);
  const bridge = Math.ceil((bridgeSeconds * 1_000) / spacingMs);
  return Math.max(2, daily, bridge);
}

/** The longest silence after which the link is given up: two keep-alives and the time of one request. */
export function silenceMaxMs(
  revisedPublishingMs: number,
  revisedKeepAliveCount: number,
  requestTimeoutMs: number,
): number {
  return revisedPublishingMs * revisedKeepAliveCount * 2 + requestTimeoutMs;
}

/** The number after `seq`: 32 bits, and never 0 (OPC 10000-4, 7.8). */
export function nextSeq(seq: number): number {
  return seq >= 0xffff_ffff ? 1 : seq + 1;
}

/** How many numbers lie from `expected` up to and without `arrived`; 0 when `arrived` is an old one. */
export function missingBetween(expected: number, arrived: number): number {
  // Zero is left out of the circle, so it has 2^32 - 1 places.
  const places = 0xffff_ffff;
  const distance = (((arrived - expected) % places) + places) % places;
  return distance < places / 2 ? distance : 0;
}

/** True when the server samples slower than asked; a tenth is what rounding to a timer's grid costs. */
export function isSlower(askedMs: number, revisedMs: number): boolean {
  return revisedMs > askedMs * 1.1;
}
