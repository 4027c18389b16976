/** What the page is told: once, of the tags, and from then on of what changes. Part of `runtime.ts`. */
import { fingerprintOf, type SigningKey } from "@millwright/carrier";
import {
  overviewOf,
  sparklinesOf,
  toLiveTag,
  type LiveSource,
  type ValueTable,
} from "@millwright/live-feed";
import type {
  DeviceStatus,
  GatewayPage,
  HubLink,
  TagBook,
  TagDefinition,
} from "@millwright/wire-contract";

import { capturePointsOf } from "./capture-points.ts";
import type { RoomWatch } from "./serve/room-watch.ts";
import { declaredTags, type Settings } from "./settings/load-settings.ts";

/** What the page is told once: the tags, and which of them stand on the overview. */
export function toPage(
  settings: Settings,
  software: string,
  book: TagBook,
  key: SigningKey | undefined,
): GatewayPage {
  const overview = overviewIn(settings, book);
  return {
    gateway: settings.gateway.id,
    name: settings.gateway.name,
    site: settings.gateway.site,
    software,
    tags: Array.from(definitions(settings, book), toLiveTag),
    overview,
    sparklines: sparklinesOf(definitions(settings, book), overview),
    captures: capturePointsOf(settings),
    commitEveryMs: settings.journal.commitEveryMs,
    ...(key === undefined ? {} : { fingerprint: fingerprintOf(key.publicKey) }),
  };
}

/** What of it changes while the page is open. */
export function joinLive(join: {
  readonly current: ValueTable;
  readonly devices: () => readonly DeviceStatus[];
  readonly hub: () => HubLink;
  readonly room: RoomWatch;
  /** Called back when the state of a device has changed. */
  readonly states: Set<() => void>;
  /** By topic: where the page asks anew when it is told that something has changed. */
  readonly news: Readonly<Record<string, { onChanged(listener: () => void): () => void }>>;
}): LiveSource {
  const { current, devices, hub, room, states, news } = join;
  return {
    values: (tags) => current.values(tags),
    devices,
    hub: () => ({ ...hub(), ...(room.roomS === undefined ? {} : { roomS: room.roomS }) }),
    confirmed: () => current.confirmed(),
    onChanged: (listener) => current.onChanged(listener),
    onState(listener) {
      states.add(listener);
      return () => states.delete(listener);
    },
    onNews(listener) {
      const ends = Object.entries(news).map(([topic, desk]) =>
        desk.onChanged(() => {
          listener(topic);
        }),
      );
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** In the order of the settings, each made when it is looked at. */
function* definitions(
  settings: Settings,
  book: TagBook,
): Generator<TagDefinition, void, undefined> {
  for (const { id } of declaredTags(settings)) {
    const tag = book.byId(id);
    if (tag !== undefined) yield tag;
  }
}

/** Ids of tags: those that the settings choose, in their order, or the first ones. */
export function overviewIn(settings: Settings, book: TagBook): readonly string[] {
  const chosen: { readonly id: string; readonly rank: number }[] = [];
  for (const { tags } of settings.devices) {
    for (const { tag, overview } of tags) {
      if (overview !== undefined) chosen.push({ id: tag.id, rank: overview });
    }
  }
  const ranked = chosen.toSorted((a, b) => a.rank - b.rank).map(({ id }) => id);
  return overviewOf(definitions(settings, book), ranked);
}
