/**
 * Devices, joined with what becomes of their readings: normalised, kept, shown, and seen by those who watch. Part of
 * `runtime.ts`.
 */
import { mkdirSync } from "node:fs";

import type { Clock, Log, Random } from "@millwright/kit";
import type { ValueTable } from "@millwright/live-feed";
import type { TagBook } from "@millwright/wire-contract";

import { DeviceSupervisor } from "./acquire/device-supervisor.ts";
import type { ReadingBatch } from "./acquire/driver.ts";
import type { AlarmParts } from "./alarm-parts.ts";
import type { Journal } from "./buffer/journal.ts";
import { keep } from "./buffer/keep.ts";
import { historyRunsOf } from "./device-history.ts";
import type { GatewayClockState, SampleBatch, SampleWatcher } from "./hand-over.ts";
import { clockNoteOf } from "./normalise/clock-policy.ts";
import { createNormaliser } from "./normalise/normaliser.ts";
import { applyBatch } from "./serve/current-values.ts";
import { deviceFolder } from "./settings/device-folder.ts";
import type { DeviceSettings } from "./settings/load-device.ts";
import type { Settings } from "./settings/load-settings.ts";

/** Readings that a driver which is pushed to keeps while the journal is busy: 10 s of a 5,000 values/s gateway. */
const queueMax = 50_000;
/** A stamp this far ahead of our disciplined clock is quarantined, not stored silently (architecture 3). */
const quarantineAheadUs = 10_000_000;

interface DeviceJoin {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly journal: Journal;
  /** @see DeviceSupervisorOptions */
  readonly downUntilUs: number;
  readonly current: ValueTable;
  /** Those who see each sample as it comes, in this order. */
  readonly watchers: readonly SampleWatcher[];
  readonly conditionsOf: AlarmParts["conditionsOf"];
  readonly gatewayClock: () => GatewayClockState;
  /** Told when the state of a device has changed. */
  readonly changed: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function joinDevices(join: DeviceJoin): readonly DeviceSupervisor[] {
  return join.settings.devices.map((device) => superviseDevice(device, join));
}

function superviseDevice(device: DeviceSettings, join: DeviceJoin): DeviceSupervisor {
  const { settings, book, journal, current, watchers, clock, random, log } = join;
  const conditions = join.conditionsOf(device.id);
  const stateFolder = deviceFolder(settings.journal.folder, device.id);
  mkdirSync(stateFolder, { recursive: true });
  const indices = Int32Array.from(device.tags.map(({ tag }) => book.indexOf(tag.id) ?? -1));

  const normaliser = createNormaliser({
    device: device.id,
    tags: device.tags.map(({ point, tag }, at) => ({
      index: indices[at] ?? -1,
      point: at,
      type: point.type,
      scale: tag.scale,
      offset: tag.offset,
      clock: tag.clock,
    })),
    clockPolicy: device.clockPolicy,
    quarantineAheadUs,
    clock,
    onLoss: (loss) => {
      journal.charge(loss);
    },
    gatewayClock: join.gatewayClock,
    onClock: (finding) => {
      log.info("normalise.device-clock", { device: device.id, ...finding });
      supervisor.noteClock(clockNoteOf(finding));
    },
  });

  // Said once: from here on a power cut does not take the values of this device.
  let anyDurable = false;
  const tellDurable = (batch: SampleBatch): SampleBatch =>
    anyDurable || batch.count === 0
      ? batch
      : {
          ...batch,
          settle: async () => {
            if (!anyDurable) log.info("edge.first-durable", { device: device.id });
            anyDurable = true;
            await batch.settle?.();
          },
        };

  const deliver = async (readings: ReadingBatch, signal: AbortSignal): Promise<void> => {
    const batch = normaliser.normalise(readings);
    await keep(tellDurable(batch), journal, clock, signal);
    applyBatch(current, batch);
    for (const watcher of watchers) watcher.watch(batch);
  };

  const supervisor = new DeviceSupervisor({
    device: {
      id: device.id,
      name: device.name,
      driver: device.driver,
      connection: device.connection,
      points: device.tags.pointList(),
    },
    clock,
    random,
    log,
    stateFolder,
    queueMax,
    downUntilUs: join.downUntilUs,
    deliver,
    charge: (loss) => {
      journal.charge(loss);
    },
    proven: (atUs, points) => {
      const proven = points?.map((point) => indices[point] ?? -1);
      current.confirm(device.id, atUs, proven);
      for (const watcher of watchers) watcher.confirm?.(device.id, atUs, proven);
    },
    changed: join.changed,
    resume: () => journal.resume(device.id),
    saveResume: (resume) => {
      journal.saveResume(device.id, resume);
    },
    historyOf: (points) => historyRunsOf(device, indices, points),
    ...(conditions === undefined ? {} : { conditions }),
  });
  return supervisor;
}
