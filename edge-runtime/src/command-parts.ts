/** Writing to machines, joined with the devices that are written, what is read of them, and the page. Part of `runtime.ts`. */
import { randomBytes } from "node:crypto";

import type { Clock, Log, Service } from "@millwright/kit";
import type { DeviceId, TagBook, TagId } from "@millwright/wire-contract";

import type { DeviceSupervisor } from "./acquire/device-supervisor.ts";
import { auditOf } from "./decide/commands/audit-of.ts";
import { Commands } from "./decide/commands/command-desk.ts";
import { Proofs } from "./decide/commands/proofs.ts";
import type { MachineDoor, TagTerms } from "./decide/commands/tag-terms.ts";
import { Watchdog } from "./decide/commands/watchdog.ts";
import type { AuditNote, EventBook, PageRoute, TagView } from "./hand-over.ts";
import { deviceTerms } from "./normalise/device-terms.ts";
import { commandRoutes, type CommandTag } from "./serve/command-routes.ts";
import type { CommandSettings } from "./settings/command-check.ts";
import type { Settings } from "./settings/load-settings.ts";

export interface CommandParts {
  readonly desk: Commands;
  readonly routes: readonly PageRoute[];
  /** After devices in the order of starting: they are written by these. */
  readonly services: readonly Service[];
}

export function joinCommands(join: {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly current: TagView;
  readonly events: EventBook;
  /** Looked at when something is written: devices are made later. */
  readonly devices: () => readonly DeviceSupervisor[];
  readonly audit: (note: AuditNote) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}): CommandParts {
  const { settings, book, current, events, devices, audit, clock, log } = join;
  const named = tagsNamed(settings.commands);
  const places = new Map<TagId, { readonly device: DeviceId; readonly point: number }>();
  const terms = new Map<TagId, TagTerms>();
  const shown = new Map<TagId, CommandTag>();
  const deviceOf = new Map<number, DeviceId>();
  if (named.size > 0) {
    for (const device of settings.devices) {
      let at = -1;
      for (const { tag, point } of device.tags) {
        at++;
        const index = book.indexOf(tag.id);
        if (!named.has(tag.id) || index === undefined) continue;
        places.set(tag.id, { device: device.id, point: at });
        deviceOf.set(index, device.id);
        const { name, asset, unit, decimals, texts } = tag;
        const wide = point.type === "int64" || point.type === "uint64";
        shown.set(tag.id, { name: tag.name, unit: tag.unit, wide });
        terms.set(tag.id, {
          ...{ tag: tag.id, index, name, asset, unit, decimals, texts },
          ...deviceTerms(point.type, tag.scale, tag.offset),
        });
      }
    }
  }
  const machine: MachineDoor = {
    async write(tag, value, admit, signal) {
      const place = places.get(tag);
      const device = devices().find(({ status }) => status.device === place?.device);
      if (place === undefined || device === undefined) {
        return { kind: "refused", reason: `${tag} is of no device` };
      }
      return await device.write(place.point, value, admit, signal);
    },
  };
  const desk = new Commands({
    grants: settings.commands.grants,
    interlocks: settings.commands.interlocks,
    terms,
    proofs: new Proofs(current, deviceOf),
    machine,
    journal: events,
    audit,
    clock,
    log,
    run: randomBytes(8).toString("hex"),
  });
  const watchdogs = settings.commands.watchdogs.flatMap(({ tag, everyMs }) => {
    const of = terms.get(tag);
    return of === undefined ? [] : new Watchdog({ terms: of, everyMs, machine, clock, log });
  });
  return {
    desk,
    routes: commandRoutes({ desk, tags: shown, auditOf, safetyTags: settings.commands.safetyTags }),
    services: [
      {
        name: "commands",
        broken: new Promise<never>(() => undefined),
        start: () => desk.start(),
        stop: () => desk.stop(),
      },
      ...watchdogs,
    ],
  };
}

function tagsNamed({
  grants,
  interlocks,
  watchdogs,
  safetyTags,
}: CommandSettings): ReadonlySet<TagId> {
  const named = new Set<TagId>([...safetyTags, ...watchdogs.map(({ tag }) => tag)]);
  for (const { tag, mode, readBack } of grants) {
    named.add(tag);
    if (mode !== undefined) named.add(mode.tag);
    if (readBack.kind === "tag" || readBack.kind === "status") named.add(readBack.tag);
  }
  for (const { conditions } of interlocks) {
    for (const condition of conditions) if (condition.kind === "tag") named.add(condition.tag);
  }
  return named;
}
