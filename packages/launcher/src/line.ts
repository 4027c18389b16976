/**
 * One line of the virtual plant and the gateway beside it: the plant's ready line in, the gateway's settings file out.
 * The same four machines speak four protocols, so every gateway shows OPC UA, Modbus TCP, Modbus RTU and MQTT.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { stringify } from "yaml";

import { lineAlarms } from "./line-alarms.ts";
import { lineAssets } from "./line-assets.ts";
import { lineModels } from "./line-models.ts";
import { lineWriting } from "./line-writing.ts";
import { programs } from "./programs.ts";

/** What the plant says when it is ready, as far as a gateway needs it. */
export interface PlantEndpoints {
  readonly opcua?: { readonly url: string; readonly pki?: string };
  readonly modbusTcp?: { readonly host: string; readonly port: number };
  readonly modbusRtu?: { readonly path: string; readonly baudRate?: number };
  readonly mqtt?: { readonly url: string };
  readonly control?: { readonly url: string };
  readonly replay?: { readonly tags: string; readonly protocol?: string };
}

export interface LineGateway {
  readonly id: string;
  readonly name: string;
  readonly site: string;
  /** Where settings and journal go. */
  readonly folder: string;
  readonly hmiPort: number;
  readonly commitEveryMs: number;
  /** What the hub is told; absent: everything. */
  readonly telling?: Readonly<Record<string, string | number>>;
  /** By id of the tag, or by its name within its device: rules that go before those of its kind. */
  readonly tagRules?: Readonly<Record<string, string>>;
  /** The pump's bearing is captured so often, minutes; absent: never. */
  readonly captureEveryMin?: number;
  /** Normal time that detection learns from before it judges, minutes; absent: as the gateway has it. */
  readonly learnMin?: number;
  /** Folder of model bundles; left out, none runs. */
  readonly models?: string;
  /** Group under which the line's machines are told to the plant's own broker as a Sparkplug node; absent: nobody is told. */
  readonly scadaGroup?: string;
  /** Absent: the gateway works alone. */
  readonly hub?: { readonly url: string; readonly credentialsFile?: string };
}

/** The spindle once more, as the plant's own Sparkplug node has it. */
const sparkplugDevice = "spindle-1-sparkplug";

/** Tags of each capture, `pump-1/bearing-acceleration.rms` and so on: for charts, and for rules and alarms that people try. */
const pumpFeatures = {
  speed: "pump-1/speed-actual",
  envelope: {
    // Around 3.2 kHz the housing of this pump rings.
    fromHz: 2_400,
    toHz: 4_000,
    // 6309, the bearing at its drive end.
    bearing: { balls: 8, ballDiameter: 17.46, pitchDiameter: 72.5, contactAngleDeg: 0 },
  },
  list: [
    { name: "rms", kind: "rms" },
    { name: "velocity", kind: "velocity-rms" },
    { name: "crest", kind: "crest" },
    { name: "kurtosis", kind: "kurtosis" },
    { name: "outer-ring", kind: "line", line: "bpfo" },
    { name: "inner-ring", kind: "line", line: "bpfi" },
  ],
} as const;

function pumpCaptures(everyMin: number): readonly object[] {
  const node = (name: string): string => `nsu=urn:millwright:virtual-plant;s=Pump1.Capture.${name}`;
  return [
    {
      id: "pump-1/bearing-acceleration",
      name: "Bearing acceleration, drive end",
      asset: "Pump 1",
      array: node("Acceleration"),
      rate: node("Rate"),
      scale: node("Scale"),
      unit: "[g]",
      everyMin,
      trigger: { tag: "pump-1/bearing-vibration", above: 4.5 },
      state: ["pump-1/state", "pump-1/speed-actual", "pump-1/motor-power"],
      features: pumpFeatures,
    },
  ];
}

/** @returns the settings file, written anew at each start because the plant's ports may have changed */
export function writeLineSettings(gateway: LineGateway, plant: PlantEndpoints): string {
  mkdirSync(gateway.folder, { recursive: true });
  const table = (name: string): string => {
    const [from, to] = [join(programs.plantTags, name), join(gateway.folder, name)];
    if (gateway.tagRules === undefined) copyFileSync(from, to);
    else writeFileSync(to, withRules(readFileSync(from, "utf8"), gateway.tagRules));
    return name;
  };
  const devices: { readonly id: string; readonly [key: string]: unknown }[] = [];
  if (plant.opcua !== undefined) {
    devices.push({
      id: "pump-1",
      name: "Pump 1",
      protocol: "opcua",
      connection: { url: plant.opcua.url, publishingMs: 100, history: true },
      tags: table("pump-1.csv"),
      ...(gateway.captureEveryMin === undefined
        ? {}
        : { captures: pumpCaptures(gateway.captureEveryMin) }),
    });
  }
  if (plant.mqtt !== undefined) {
    devices.push({
      id: "spindle-1",
      name: "Spindle 1",
      protocol: "mqtt",
      connection: { url: plant.mqtt.url },
      tags: table("spindle-1.csv"),
    });
    devices.push({
      id: sparkplugDevice,
      name: "Spindle 1, Sparkplug node",
      protocol: "sparkplug",
      connection: { url: plant.mqtt.url },
      tags: table("spindle-1-sparkplug.csv"),
    });
  }
  if (plant.modbusTcp !== undefined) {
    const { host, port } = plant.modbusTcp;
    devices.push({
      id: "press-1",
      name: "Press 1",
      protocol: "modbus",
      connection: { framing: "tcp", host, port, unit: 1 },
      tags: table("press-1.csv"),
    });
  }
  if (plant.modbusRtu !== undefined) {
    const { path, baudRate } = plant.modbusRtu;
    devices.push({
      id: "oven-1",
      name: "Oven 1",
      protocol: "modbus",
      connection: { framing: "rtu", path, baudRate: baudRate ?? 115_200, unit: 1 },
      tags: table("oven-1.csv"),
    });
  }
  if (plant.replay !== undefined && plant.opcua !== undefined) {
    devices.push({
      id: "replay",
      name: "Recorded test bed",
      protocol: "opcua",
      connection: { url: plant.opcua.url, publishingMs: 250 },
      // Recorded once a second; ten times faster than that still fits the queue of a minute.
      everyMs: 100,
      tags: plant.replay.tags,
    });
  }
  const settings = {
    gateway: { id: gateway.id, name: gateway.name, site: gateway.site },
    ...(gateway.hub === undefined ? {} : { hub: gateway.hub }),
    journal: { folder: "journal", commitEveryMs: gateway.commitEveryMs },
    ...(gateway.telling === undefined ? {} : { telling: gateway.telling }),
    hmi: { port: gateway.hmiPort },
    assets: lineAssets(new Set(devices.map(({ id }) => id))),
    alarms: lineAlarms(new Set(devices.map(({ id }) => id)), gateway.folder),
    ...(gateway.learnMin === undefined ? {} : { detection: { learnMin: gateway.learnMin } }),
    ...(gateway.models === undefined
      ? {}
      : { models: lineModels(gateway.models, new Set(devices.map(({ id }) => id))) }),
    ...lineWriting(new Set(devices.map(({ id }) => id))),
    ...(gateway.scadaGroup === undefined || plant.mqtt === undefined
      ? {}
      : {
          publish: {
            sparkplug: {
              url: plant.mqtt.url,
              group: gateway.scadaGroup,
              // What this broker has from a Sparkplug node already, it need not have twice.
              devices: devices.map(({ id }) => id).filter((id) => id !== sparkplugDevice),
            },
          },
        }),
    devices,
  };
  const file = join(gateway.folder, "gateway.yaml");
  writeFileSync(file, stringify(settings));
  return file;
}

/** The table with one more column. Its first column is the id, and no cell of the plant's tables has a line break. */
function withRules(table: string, rules: Readonly<Record<string, string>>): string {
  const [head = "", ...rows] = table.trimEnd().split("\n");
  const told = rows.map((row) => {
    const [id = ""] = row.split(",", 1);
    return `${row},${rules[id] ?? rules[id.slice(id.indexOf("/") + 1)] ?? ""}`;
  });
  return `${[`${head},tell`, ...told].join("\n")}\n`;
}
