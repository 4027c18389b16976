/** Detection of a gateway beside the demo's line, on played time: the same settings, plan and program as live. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { Detector, type EpisodeBody } from "@millwright/detection";
import { loadSettings } from "@millwright/edge-runtime";
import { watchPlan } from "@millwright/edge-runtime/parts";
import { writeLineSettings } from "@millwright/launcher";
import { PlayedPlant, tagName } from "@millwright/virtual-plant/played";
import type { Machine, PlantFault } from "@millwright/virtual-plant";
import { TagBook, type TagDefinition } from "@millwright/wire-contract";

/** An episode as a person would have seen it: its last word. */
export interface SeenEpisode {
  readonly machine: string;
  readonly beginS: number;
  body: EpisodeBody;
}

export interface PlayedRun {
  readonly episodes: readonly SeenEpisode[];
  readonly samples: number;
}

/** Places of a batch: what comes within one tick. */
const rowsMax = 512;

export function playDays(options: {
  readonly folder: string;
  readonly seed: number;
  readonly days: number;
  readonly schedule: readonly PlantFault[];
  readonly repairs: readonly { readonly machine: string; readonly atS: number }[];
  /** Told the days that have passed. */
  readonly passed?: (days: number) => void;
}): PlayedRun {
  const { seed, days, schedule } = options;
  const plant = new PlayedPlant(4, seed, schedule);
  const { plan, indices } = planFor(options.folder, plant.machines);
  const seen: SeenEpisode[] = [];
  const open = new Map<string, SeenEpisode>();
  const detector = new Detector(
    plan,
    {
      episode(asset, body) {
        const machine = asset.toLowerCase().replace(" ", "-");
        const key = `${asset} ${body.beginUs}`;
        if (body.what === "began") {
          const one = { machine, beginS: body.beginUs / 1e6, body };
          open.set(key, one);
          seen.push(one);
        }
        const one = open.get(key);
        if (one !== undefined) one.body = body;
        if (body.what === "ended") open.delete(key);
      },
      state: () => undefined,
    },
    0,
  );
  const rows = {
    count: 0,
    tag: new Int32Array(rowsMax),
    measuredUs: new Float64Array(rowsMax),
    value: new Float64Array(rowsMax),
    status: new Uint32Array(rowsMax),
  };
  let [nowUs, samples] = [0, 0];
  const repairs = options.repairs.toSorted((a, b) => a.atS - b.atS);
  let repaired = 0;
  const take = (machine: number, point: number, value: unknown, status: number): void => {
    const index = indices[machine]?.[point] ?? -1;
    if (index < 0 || rows.count >= rowsMax) return;
    const row = rows.count++;
    rows.tag[row] = index;
    rows.measuredUs[row] = nowUs;
    rows.value[row] = Number(value);
    rows.status[row] = status;
  };
  const ticks = days * 864_000;
  for (let tick = 1; tick <= ticks; tick++) {
    nowUs = tick * 100_000;
    rows.count = 0;
    plant.step(take);
    samples += rows.count;
    detector.take(rows, nowUs);
    if (tick % 10 !== 0) continue;
    detector.advance(nowUs, () => 0);
    for (let next = repairs[repaired]; next !== undefined && next.atS * 1e6 <= nowUs;) {
      detector.forget(assetOf(next.machine), nowUs);
      next = repairs[++repaired];
    }
    if (tick % 864_000 === 0) options.passed?.(tick / 864_000);
  }
  return { episodes: seen, samples };
}

/** Whether the demo's settings let detection learn what a tag does. */
export function watchedPoints(folder: string): (tag: string) => boolean {
  const { plan } = planFor(folder, []);
  const learnt = new Set(
    plan.assets.flatMap(({ tags }) => tags.flatMap((tag) => (tag.learnt ? [tag.id] : []))),
  );
  return (tag) => learnt.has(tag);
}

function assetOf(machine: string): string {
  return machine.charAt(0).toUpperCase() + machine.slice(1).replace("-", " ");
}

/** The settings of the demo, read as a gateway reads them; and the dictionary index of each point of each machine. */
function planFor(
  folder: string,
  machines: readonly Machine[],
): { readonly plan: ReturnType<typeof watchPlan>; readonly indices: readonly Int32Array[] } {
  mkdirSync(folder, { recursive: true });
  const file = writeLineSettings(
    {
      id: "played",
      name: "Played line",
      site: "",
      folder,
      hmiPort: 0,
      commitEveryMs: 1_000,
    },
    {
      opcua: { url: "opc.tcp://127.0.0.1:1" },
      mqtt: { url: "mqtt://127.0.0.1:1" },
      modbusTcp: { host: "127.0.0.1", port: 1 },
      modbusRtu: { path: join(folder, "none") },
    },
  );
  const settings = loadSettings(file);
  const tags: TagDefinition[] = [];
  for (const device of settings.devices) {
    for (const { tag } of device.tags) tags.push({ ...tag, index: tags.length, revision: 0 });
  }
  const book = TagBook.of(tags);
  return {
    plan: watchPlan(settings.assets, settings.detection, (id) => book.byId(id)),
    indices: machines.map((machine) =>
      Int32Array.from(
        machine.points,
        ({ path }) => book.indexOf(`${machine.id}/${tagName(path)}`) ?? -1,
      ),
    ),
  };
}
