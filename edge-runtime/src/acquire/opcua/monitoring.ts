import { ServiceFailure } from "./faults.ts";
import type { ItemPlan, Trigger } from "./items.ts";
import type { Library, opcua } from "./library.ts";
import { watchServer } from "./server-watch.ts";
import type { Session } from "./session.ts";
import { inSlices } from "./slices.ts";
import {
  isSlower,
  planSubscription,
  queueSize,
  replan,
  type SubscriptionPlan,
} from "./subscription-plan.ts";
import type { OpcuaSettings } from "./settings.ts";

/** A subscription as the server revised it; these figures count, not those that were asked. */
export interface Subscription extends SubscriptionPlan {
  readonly id: number;
}

export interface Refusal {
  readonly item: number;
  readonly code: number;
  readonly name: string;
}

/** What became of the wishes. */
export interface MonitoringOutcome {
  /** Items that the server refused: item index, status code and its name. */
  readonly refused: readonly Refusal[];
  /** Items whose dead-band was refused; they run without it. */
  readonly withoutDeadband: readonly number[];
  /** Items that are sampled slower than asked, and the slowest of them. */
  readonly slower: readonly number[];
  readonly slowestMs: number;
  /** The shortest queue granted where a longer one was asked; NaN when all were granted. */
  readonly shortestQueue: number;
  /** Items with a queue of one that are sampled more often than published: what is overwritten there nobody says. */
  readonly blind: readonly number[];
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
      maxNotificationsPerPublish: notificationsMax(queueMax),
      publishingEnabled: true,
      priority: 0,
    }),
    library.CreateSubscriptionResponse,
  );
  const id = answer.subscriptionId;
  const granted = grantedBy(answer);
  const again = replan(settings, granted);
  if (again === undefined) return { id, ...granted };
  try {
    const modified = await session.call(
      new library.ModifySubscriptionRequest({
        subscriptionId: id,
        requestedPublishingInterval: again.publishingMs,
        requestedLifetimeCount: again.lifetimeCount,
        requestedMaxKeepAliveCount: again.keepAliveCount,
        maxNotificationsPerPublish: notificationsMax(queueMax),
        priority: 0,
      }),
      library.ModifySubscriptionResponse,
    );
    return { id, ...grantedBy(modified) };
  } catch (failure) {
    // What was granted at first holds, and is shown.
    if (failure instanceof ServiceFailure) return { id, ...granted };
    throw failure;
  }
}

/** A message of a quarter of what we may hold leaves room for those that are on their way. */
function notificationsMax(queueMax: number): number {
  return Math.max(100, Math.floor(queueMax / 4));
}

function grantedBy(
  answer: opcua.CreateSubscriptionResponse | opcua.ModifySubscriptionResponse,
): SubscriptionPlan {
  return {
    publishingMs: answer.revisedPublishingInterval,
    keepAliveCount: answer.revisedMaxKeepAliveCount,
    lifetimeCount: answer.revisedLifetimeCount,
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
  const refused: Refusal[] = [];
  const blind: number[] = [];
  const withoutDeadband: number[] = [];
  const slower: number[] = [];
  let slowestMs = 0;
  let shortestQueue = NaN;
  const wanted = items.flatMap((plan, item) => {
    const nodeId = nodeIds[item];
    return nodeId === undefined ? [] : [{ item, plan, nodeId }];
  });

  const create = async (
    wishes: readonly { item: number; plan: ItemPlan; nodeId: opcua.NodeId }[],
    deadbands: boolean,
  ): Promise<void> => {
    const results = await inSlices(wishes, atOnce, (slice) => {
      const requests = slice.map(({ item, plan, nodeId }) =>
        itemRequest(library, item, nodeId, plan, subscription, settings, deadbands),
      );
      return createMonitored(library, session, subscription, requests);
    });
    const again: { item: number; plan: ItemPlan; nodeId: opcua.NodeId }[] = [];
    for (const [place, wish] of wishes.entries()) {
      const result = results[place];
      const code = result?.statusCode.value ?? 0x8001_0000;
      if (result === undefined || code >>> 30 >= 2) {
        const name = result?.statusCode.name ?? "";
        if (deadbands && wish.plan.deadband !== undefined && isFilterRefusal(name))
          again.push(wish);
        else refused.push({ item: wish.item, code, name });
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
      const overwrites = result.revisedSamplingInterval < subscription.publishingMs;
      if (result.revisedQueueSize <= 1 && overwrites) blind.push(wish.item);
    }
    if (again.length > 0) {
      // Field practice 21: the filter is refused, the tag is not; it runs without.
      withoutDeadband.push(...again.map(({ item }) => item));
      await create(again, false);
    }
  };
  await create(wanted, true);
  await watchServer(library, session, subscription, atOnce);
  return { refused, withoutDeadband, slower, slowestMs, shortestQueue, blind };
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
