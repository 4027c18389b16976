/** Captures, joined with the devices that give them and the journal that keeps them. Part of `runtime.ts`. */
import type { Clock, Log } from "@millwright/kit";
import type { ValueTable } from "@millwright/live-feed";
import type { CapturePoint, CaptureState, TagBook, TagDefinition } from "@millwright/wire-contract";

import type { DeviceSupervisor } from "./acquire/device-supervisor.ts";
import { FeatureFeed } from "./acquire/features/feature-driver.ts";
import { captureFolderOf, writeCaptureFile } from "./buffer/captures/capture-files.ts";
import type { Journal } from "./buffer/journal.ts";
import {
  CaptureService,
  type ArrayPoint,
  type CaptureFeatureSink,
} from "./capture/capture-service.ts";
import type { ArrayCaptureFile } from "./capture/settings.ts";
import { featuresOf } from "./capture/waveform-features.ts";
import { featureTagId, turnsPerMinute } from "./settings/feature-device.ts";
import type { Settings } from "./settings/load-settings.ts";

const minuteUs = 60_000_000;
/** More in one file is a film; the whole budget must not go for one of them. */
const captureBytesMax = 64 * 2 ** 20;

/** For the page. */
export function capturePointsOf(settings: Settings): readonly CapturePoint[] {
  const arrays = settings.devices.flatMap(({ captures }) => captures);
  return [...arrays, ...settings.captures.folders].map(({ id, name, asset }) => ({
    tag: id,
    name,
    asset,
  }));
}

/** Undefined where nothing is to be captured. */
export function createCaptures(join: {
  readonly settings: Settings;
  readonly devices: readonly DeviceSupervisor[];
  readonly book: TagBook;
  readonly current: ValueTable;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
}): CaptureService | undefined {
  const { settings, devices, book, current, journal, clock, log } = join;
  const numberOf = (tag: string): number => {
    const [value] = current.values([tag]);
    return typeof value?.v === "number" && value.s >>> 30 < 2 ? value.v : NaN;
  };
  const sinkOf = featureSinks(settings, book, numberOf, journal, log);
  const arrays = settings.devices.flatMap((device) =>
    device.captures.map((file): ArrayPoint => {
      const features = sinkOf(file);
      const trigger = file.trigger === undefined ? undefined : book.byId(file.trigger.tag);
      return {
        tag: file.id,
        name: file.name,
        asset: file.asset,
        device: device.id,
        unit: file.unit,
        everyUs: file.everyMin === undefined ? undefined : file.everyMin * minuteUs,
        trigger:
          file.trigger === undefined || trigger === undefined
            ? undefined
            : {
                tag: trigger.id,
                name: trigger.name,
                unit: trigger.unit,
                above: file.trigger.above,
                restMs: file.trigger.atMostEveryMin * 60_000,
              },
        state: file.state.flatMap((id) => book.byId(id)?.id ?? []),
        ...(features === undefined ? {} : { features }),
        async read(signal) {
          const supervisor = devices.find(({ status }) => status.device === device.id);
          return (
            (await supervisor?.readArray(file, signal)) ?? {
              kind: "refused",
              reason: `${device.id} is not there`,
            }
          );
        },
      };
    }),
  );
  const folders = settings.captures.folders.map(({ id, name, asset, folder }) => ({
    tag: id,
    name,
    asset,
    folder,
  }));
  if (arrays.length === 0 && folders.length === 0) return undefined;
  const folder = captureFolderOf(settings.journal.folder);
  const bytesMax = Math.min(captureBytesMax, settings.captures.bytesMax);
  return new CaptureService({
    arrays,
    folders,
    store: {
      write: (name, chunks) => writeCaptureFile(folder, name, chunks, bytesMax),
      keep: (record) => journal.keepCapture(record),
    },
    clock,
    log,
    charge: (loss) => {
      journal.charge(loss);
    },
    numberOf,
    stateOf: (wanted) =>
      current.values(wanted).flatMap((value) => stateOf(book.byId(value.t), value.v)),
    onChanged: (listener) => current.onChanged(listener),
  });
}

/** Features of captures go to their device, which hands them on as any other does. */
function featureSinks(
  settings: Settings,
  book: TagBook,
  numberOf: (tag: string) => number,
  journal: Journal,
  log: Log,
): (file: ArrayCaptureFile) => CaptureFeatureSink | undefined {
  const device = settings.devices.find(({ connection }) => connection instanceof FeatureFeed);
  const feed = device?.connection;
  if (device === undefined || !(feed instanceof FeatureFeed)) return () => undefined;
  const pointOf = new Map([...device.tags].map(({ tag }, point) => [tag.id as string, point]));
  return ({ id, features }) => {
    if (features === undefined) return undefined;
    const { list, envelope, speed } = features;
    const turns = turnsPerMinute(book.byId(speed ?? "")?.unit ?? "") ?? NaN;
    const tagsOf = list.flatMap(({ name }) => book.byId(featureTagId(id, name))?.id ?? []);
    const missed: CaptureFeatureSink["missed"] = (reason, fromUs, toUs, samples) => {
      for (const tag of tagsOf) {
        const count = { kind: "scheduled", samples } as const;
        journal.charge({ reason, scope: { kind: "tag", tag }, fromUs, toUs, count });
      }
    };
    let before = "";
    return {
      missed,
      taken(record, bytes) {
        const rpm = speed === undefined ? NaN : numberOf(speed) * turns;
        const { values, missing } = featuresOf(record, bytes, { features: list, envelope }, rpm);
        // Said when it changes: a machine that stands has no lines, each time.
        const words = missing.join("; ");
        if (words !== "" && words !== before) log.info("capture.features-missing", { id, words });
        before = words;
        const readings = values.map(({ name, value, status }) => ({
          ...{ point: pointOf.get(featureTagId(id, name)) ?? -1, value, status },
        }));
        if (!feed.offer(record.startUs, readings)) {
          missed("queue full", record.startUs, record.startUs, 1);
        }
      },
    };
  };
}

function stateOf(tag: TagDefinition | undefined, value: unknown): readonly CaptureState[] {
  if (tag === undefined || value === null || value === undefined) return [];
  const named = typeof value === "number" ? tag.texts.get(value) : undefined;
  const plain =
    typeof value === "number" ? value.toFixed(Math.min(12, tag.decimals)) : JSON.stringify(value);
  return [{ tag: tag.id, name: tag.name, value: named ?? `${plain} ${tag.unit}`.trimEnd() }];
}
