import type { DriverContext } from "../driver.ts";
import type { ItemPlan, PointPlan } from "./items.ts";
import type { MonitoringOutcome, Subscription } from "./monitoring.ts";
import type { OpcuaSettings } from "./settings.ts";
import { isSlower } from "./subscription-plan.ts";

/** What the server granted, always shown: the revised figures are the ones that count (field practice 18, 22). */
export function subscriptionWords(subscription: Subscription, settings: OpcuaSettings): string {
  const { publishingMs, keepAliveCount, lifetimeCount } = subscription;
  const keepAliveMs = publishingMs * keepAliveCount;
  const lifetimeMs = publishingMs * lifetimeCount;
  const askedLifetimeMs = settings.lifetimeMinutes * 60_000;
  return [
    `published every ${timeWords(publishingMs)}${asked(isSlower(settings.publishingMs, publishingMs), settings.publishingMs)}`,
    `proven every ${timeWords(keepAliveMs)} at least${asked(isSlower(settings.keepAliveMs, keepAliveMs), settings.keepAliveMs)}`,
    `kept for ${timeWords(lifetimeMs)} without us${asked(lifetimeMs < askedLifetimeMs * 0.9, askedLifetimeMs)}`,
  ].join(", ");
}

function asked(differs: boolean, ms: number): string {
  return differs ? ` (${timeWords(ms)} were asked)` : "";
}

/** "250 ms", "5 s", "10 min": a setting is typed in round figures and is shown so. */
function timeWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  return `${Number((ms / 60_000).toFixed(1))} min`;
}

/** What the server made of our wishes for the items, where it is not what was asked; "" when it is (18, 19, 21). */
export function outcomeWords(
  outcome: MonitoringOutcome,
  items: readonly ItemPlan[],
  points: readonly PointPlan[],
  settings: OpcuaSettings,
): string {
  const { slower, slowestMs, withoutDeadband, shortestQueue, blind, refused } = outcome;
  const [first] = refused;
  const firstPoint = points[items[first?.item ?? -1]?.points[0] ?? -1];
  const sentences = [
    slower.length === 0
      ? ""
      : `the server samples ${slower.length} of ${items.length} items slower than asked, the slowest every ${slowestMs} ms`,
    Number.isNaN(shortestQueue)
      ? ""
      : `the server grants queues of ${shortestQueue} values, so breaks shorter than ${settings.bridgeSeconds} s may cost values`,
    blind.length === 0
      ? ""
      : `the server keeps only the last value of ${blind.length} items between two publishes; what it overwrites there it does not tell`,
    withoutDeadband.length === 0
      ? ""
      : `the server refuses the dead-band of ${withoutDeadband.length} items; they run without it`,
    first === undefined
      ? ""
      : `the server refuses ${refused.length} of ${items.length} items, for example ${firstPoint?.addressText ?? ""}: ${first.name}`,
  ];
  return sentences.filter((sentence) => sentence !== "").join("; ");
}

/** Once for each subscription: what a slower clock or a queue of one leaves out, nobody can count. */
export function chargeOutcome(outcome: MonitoringOutcome, context: DriverContext): void {
  const nowUs = context.clock.nowUs();
  if (outcome.slower.length > 0) {
    context.lost(-1, NaN, "sampled slower than asked", nowUs, nowUs);
  }
  if (outcome.blind.length > 0) context.lost(-1, NaN, "lost at source", nowUs, nowUs);
}
