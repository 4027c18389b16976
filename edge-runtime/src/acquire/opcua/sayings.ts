import type { DriverContext } from "../driver.ts";
import type { ItemPlan } from "./items.ts";
import type { MonitoringOutcome, Subscription } from "./monitoring.ts";
import type { Notes } from "./notes.ts";
import type { OpcuaSettings } from "./settings.ts";
import { isSlower } from "./subscription-plan.ts";

/** Says what the server made of our wishes: the revised figures are the ones that count (field practice 18, 21). */
export function sayOutcome(
  outcome: MonitoringOutcome,
  items: readonly ItemPlan[],
  subscription: Subscription,
  settings: OpcuaSettings,
  context: DriverContext,
  notes: Notes,
): void {
  const { slower, slowestMs, withoutDeadband, shortestQueue, refused } = outcome;
  notes.set(
    "publishing",
    isSlower(settings.publishingMs, subscription.publishingMs)
      ? `the server publishes every ${subscription.publishingMs} ms (${settings.publishingMs} ms were asked)`
      : "",
  );
  notes.set(
    "sampling",
    slower.length === 0
      ? ""
      : `the server samples ${slower.length} of ${items.length} items slower than asked, the slowest every ${slowestMs} ms`,
  );
  notes.set(
    "queue",
    Number.isNaN(shortestQueue)
      ? ""
      : `the server grants queues of ${shortestQueue} values, so breaks shorter than ${settings.bridgeSeconds} s may cost values`,
  );
  notes.set(
    "dead-band",
    withoutDeadband.length === 0
      ? ""
      : `the server refuses the dead-band of ${withoutDeadband.length} items; they run without it`,
  );
  if (slower.length > 0) {
    // Once for each conversation: how many samples a slower clock leaves out, nobody can count.
    const nowUs = context.clock.nowUs();
    context.lost(-1, NaN, "sampled slower than asked", nowUs, nowUs);
  }
  context.log.info("acquire.opcua-subscribed", {
    items: items.length,
    refused: refused.length,
    publishingMs: subscription.publishingMs,
    keepAliveCount: subscription.keepAliveCount,
    slower: slower.length,
  });
}
