/** Views that people have saved at the fixture's hub: its own routes and rules, over a list in memory. */
import { SavedViewDesk, type SavedView } from "@millwright/cloud-hub/saved-views-parts";
import { systemClock } from "@millwright/kit";

import type { Condition } from "./fixture-server.ts";

/**
 * @param isKnown whether the hub has the gateway, and of it the value
 * @param atUs when the fixture began
 */
export function viewDesk(
  condition: Condition,
  atUs: number,
  isKnown: (gateway: string, tag?: string) => boolean,
): SavedViewDesk {
  let views = condition === "empty" ? [] : savedBefore(condition, atUs);
  return new SavedViewDesk({
    shelf: {
      all: () => Promise.resolve(views),
      change(decide) {
        const change = decide(views);
        if (change.kind === "refused") return Promise.resolve(change);
        const id = change.kind === "add" ? nextId(views) : change.view.id;
        const view = { ...change.view, id };
        const others = views.filter((one) => one.id !== id);
        views = change.kind === "remove" ? others : [...others, view];
        return Promise.resolve(view);
      },
    },
    missing({ gateway, tag }) {
      if (!isKnown(gateway)) return "gateway";
      return isKnown(gateway, tag) ? undefined : "tag";
    },
    clock: systemClock,
  });
}

function nextId(views: readonly SavedView[]): number {
  return 1 + Math.max(0, ...views.map(({ id }) => id));
}

/** In trouble a gateway and a value of one of them are not there any more. */
function savedBefore(condition: Condition, atUs: number): SavedView[] {
  const gone = condition === "trouble";
  const first = { gateway: "gw-0001", tag: "pump-1/1" };
  const hour = Math.floor(atUs / 3_600e6) * 3_600;
  const all = [
    {
      ...{ name: "Bearings of all pumps", person: "Ada Novak", chart: "24h" },
      tags: [
        { gateway: "gw-0001", tag: "pump-1/0" },
        { gateway: "gw-0002", tag: gone ? "pump-1/400" : "pump-1/0" },
        { gateway: gone ? "gw-0977" : "gw-0003", tag: "pump-1/0" },
      ],
    },
    {
      ...{ name: "Coolant low, each time", person: "Tomáš Dvořák" },
      ...{ chart: "30d~each~1h~alarm~coolant-low", tags: [first] },
    },
    {
      ...{ name: "First start after the repair of the gearbox, second shift", person: "Ada Novak" },
      ...{ chart: `${hour - 90_000}-${hour - 86_400}`, tags: [first] },
    },
    {
      ...{ name: "Vibration beside its sisters", person: "Tomáš Dvořák" },
      ...{ chart: "7d~machines", tags: [first] },
    },
  ];
  return all.map((one, at) => {
    return { ...one, id: at + 1, version: 1, savedUs: atUs - (at + 1) * 86_400e6 };
  });
}
