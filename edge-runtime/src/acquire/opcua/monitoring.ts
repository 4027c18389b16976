import type { ItemPlan, Trigger } from "./items.ts";
import type { Library, opcua } from "./library.ts";
import { watchServer } from "./server-watch.ts";
import type { Session } from "./session.ts";
import { isSlower, planSubscription, queueSize } from "./subscription-plan.ts";
import type { OpcuaSettings } from "./settings.ts";

/** A subscription as the server revised it. */
export interface Subscription {
  readonly id: number;
  readonly publishingMs: number;
  readonly keepAliveCount: number;
}

/** What became of the wishes. */
export interface MonitoringOutcome {
  /** Items that the server refused: item index and status code. */
  readonly refused: readonly { readonly item: number; readonly code: number }[];
  /** Items whose dead-band was refused; they run without it. */
  readonly withoutDeadband: readonly number[];
  /** Items that are sampled slower than asked, and the slowest of them. */
  readonly slower: readonly number[];
  readonly slowestMs: number;
  /** The shortest queue granted where a longer one was asked; NaN when all were granted. */
  readonly shortestQueue: number;
}

export async function createSubscription(
  library: Library,
  session: Session,
  settings: OpcuaSettings,
  queueMax: number,
): Promise<Subscription> {
  const plan = planSubscription(settings);
  const answer = await session.call(
    new library.CreateSubscriptionRequest({
      requestedPublishingInterval: plan.publishingMs,
      requestedLifetimeCount: plan.lifetimeCount,
      requestedMaxKeepAliveCount: plan.keepAliveCount,
      // A message of a quarter of what we may hold leaves room for those that are on their way.
      maxNotificationsPerPublish: Math.max(100, Math.floor(queueMax / 4)),
      publishingEnabled: true,
      priority: 0,
    }),
    library.CreateSubscriptionResponse,
  );
  return {
    id: answer.subscriptionId,
    publishingMs: answer.revisedPublishingInterval,
    keepAliveCount: answer.revisedMaxKeepAliveCount,
  };
}

export async function deleteSubscription(
  library: Library,
  session: Session,
  id: number,
): Promise<void> {
  await session.call(
    new library.DeleteSubscriptionsRequest({ subscriptionIds: [id] }),
    library.DeleteSubscriptionsResponse,
  );
}

/** Creates the items, as many at once as the server bears; one that is refused is bad alone. */
export async function createItems(
  library: Library,
  session: Session,
  subscription: Subscription,
  settings: OpcuaSettings,
  items: readonly ItemPlan[],
  nodeIds: readonly (opcua.NodeId | undefined)[],
  atOnce: number,
): Promise<MonitoringOutcome> {
  const refused: { item: number; code: number }[] = [];
  const withoutDeadband: number[] = [];
  const slower: number[] = [];
  let slowestMs = 0;
  let shortestQueue = NaN;
  const wanted = items.flatMap((plan, item) => {
    const nodeId = nodeIds[item];
    return nodeId === undefined ? [] : [{ item, plan, nodeId }];
  });

  const create = async (
    slice: readonly { item: number; plan: ItemPlan; nodeId: opcua.NodeId }[],
    deadbands: boolean,
  ): Promise<void> => {
    const requests = slice.map(({ item, plan, nodeId }) =>
      itemRequest(library, item, nodeId, plan, subscription, settings, deadbands),
    );
    const results = await createMonitored(library, session, subscription, requests);
    const again: { item: number; plan: ItemPlan; nodeId: opcua.NodeId }[] = [];
    for (const [place, wish] of slice.entries()) {
      const result = results[place];
      const code = result?.statusCode.value ?? 0x8001_0000;
      if (result === undefined || code >>> 30 >= 2) {
        const name = result?.statusCode.name ?? "";
        if (deadbands && wish.plan.deadband !== undefined && isFilterRefusal(name))
          again.push(wish);
        else refused.push({ item: wish.item, code });
        continue;
      }
      if (isSlower(wish.plan.samplingMs, result.revisedSamplingInterval)) {
        slower.push(wish.item);
        slowestMs = Math.max(slowestMs, result.revisedSamplingInterval);
      }
      const asked = queueSize(
        wish.plan.spacingMs,
        subscription.publishingMs,
        settings.bridgeSeconds,
      );
      if (result.revisedQueueSize < asked) {
        shortestQueue = Number.isNaN(shortestQueue)
          ? result.revisedQueueSize
          : Math.min(shortestQueue, result.revisedQueueSize);
      }
    }
    if (again.length > 0) {
      // Field practice 21: the filter is refused, the tag is not; it runs without.
      withoutDeadband.push(...again.map(({ item }) => item));
      await create(again, false);
    }
  };
  for (let from = 0; from < wanted.length; from += atOnce) {
    await create(wanted.slice(from, from + atOnce), true);
  }
  await watchServer(library, session, subscription);
  return { refused, withoutDeadband, slower, slowestMs, shortestQueue };
}

function triggerOf(library: Library, trigger: Trigger): opcua.DataChangeTrigger {
  const { Status, StatusValue, StatusValueTimestamp } = library.DataChangeTrigger;
  if (trigger === "status") return Status;
  return trigger === "status-value" ? StatusValue : StatusValueTimestamp;
}

function itemRequest(
  library: Library,
  item: number,
  nodeId: opcua.NodeId,
  plan: ItemPlan,
  subscription: Subscription,
  settings: OpcuaSettings,
  deadbands: boolean,
): opcua.MonitoredItemCreateRequestOptions {
  const deadband = deadbands ? plan.deadband : undefined;
  const filter =
    plan.trigger === "status-value" && deadband === undefined
      ? null
      : new library.DataChangeFilter({
          trigger: triggerOf(library, plan.trigger),
          deadbandType: deadband?.kind ?? 0,
          deadbandValue: deadband?.value ?? 0,
        });
  return {
    itemToMonitor: { nodeId, attributeId: library.AttributeIds.Value },
    monitoringMode: library.MonitoringMode.Reporting,
    requestedParameters: {
      clientHandle: item,
      samplingInterval: plan.samplingMs,
      filter,
      queueSize: queueSize(plan.spacingMs, subscription.publishingMs, settings.bridgeSeconds),
      discardOldest: true,
    },
  };
}

async function createMonitored(
  library: Library,
  session: Session,
  subscription: Subscription,
  itemsToCreate: opcua.MonitoredItemCreateRequestOptions[],
): Promise<readonly opcua.MonitoredItemCreateResult[]> {
  const answer = await session.call(
    new library.CreateMonitoredItemsRequest({
      subscriptionId: subscription.id,
      timestampsToReturn: library.TimestampsToReturn.Source,
      itemsToCreate,
    }),
    library.CreateMonitoredItemsResponse,
  );
  return answer.results ?? [];
}

function isFilterRefusal(statusName: string): boolean {
  return /Deadband|Filter/.test(statusName);
}
