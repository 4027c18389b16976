/** The Sparkplug node, joined with the journal that it follows and the values it is born with. Part of `runtime.ts`. */
import type { Clock, Log, Random, Service } from "@millwright/kit";
import type { DeviceStatus, TagBook } from "@millwright/wire-contract";

import type { EventBook, KeptFeed, PageRoute, TagView } from "./hand-over.ts";
import { metricNameOf, publishes, type PublishedTag } from "./publish/sparkplug/published-tags.ts";
import { publishRoutes } from "./serve/publish-routes.ts";
import type { Settings } from "./settings/load-settings.ts";

export interface SparkplugParts {
  readonly services: readonly Service[];
  readonly routes: readonly PageRoute[];
}

/** Where no node is configured nothing of it is loaded, and the journal holds nothing for it. */
export async function joinSparkplug(join: {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly current: TagView;
  readonly feed: KeptFeed;
  readonly events: EventBook;
  readonly devices: () => readonly DeviceStatus[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Promise<SparkplugParts> {
  const { settings, book, current, feed, events, devices, clock, random, log } = join;
  const { sparkplug } = settings.publish;
  if (sparkplug === undefined) {
    await feed.hold(undefined);
    return { services: [], routes: publishRoutes(undefined) };
  }
  const { SparkplugNode } = await import("./publish/sparkplug/sparkplug-node.ts");
  const node = new SparkplugNode({
    name: { group: sparkplug.group, node: sparkplug.node },
    broker: sparkplug,
    primaryHost: sparkplug.primaryHost,
    replayMs: sparkplug.replaySeconds * 1_000,
    storeAndForwardHours: sparkplug.storeAndForwardHours,
    tags: publishedTags(settings, book),
    ...{ feed, book: events, current, devices, clock, random, log },
  });
  return { services: [node], routes: publishRoutes(node) };
}

function publishedTags(settings: Settings, book: TagBook): readonly PublishedTag[] {
  const isPublished = publishes(settings.publish.sparkplug ?? {});
  const isTag = (id: string): boolean => book.indexOf(id) !== undefined;
  const published: PublishedTag[] = [];
  for (const { id: device, tags } of settings.devices) {
    for (const { tag } of tags) {
      const index = book.indexOf(tag.id);
      if (index === undefined || !isPublished(device, tag.id)) continue;
      const { type, unit } = tag;
      const metric = metricNameOf(device, tag.id, isTag);
      published.push({ ...{ index, device, metric, type, unit }, alias: BigInt(index) + 1n });
    }
  }
  return published;
}
