/** Tag tables for gateways: one CSV for each machine and protocol, made from the same lists that the servers use. */
import type { Machine, PointSpec } from "../machine.ts";
import { modbusMapOf } from "../modbus/maps.ts";
import { width, type ModbusPoint } from "../modbus/point-map.ts";
import { jsonTopics } from "../mqtt/json-publisher.ts";
import { metricName } from "../mqtt/sparkplug.ts";
import { nodeId, sparkplugGroup } from "../mqtt/sparkplug-node.ts";
import { nodeAddress } from "../opcua/names.ts";

export type TableProtocol = "opcua" | "modbus" | "mqtt" | "sparkplug";

/** Rows of a recording may come faster than anybody samples, and one may repeat the values of the one before. */
const everyRow = { sampling: "on-change", trigger: "status-value-timestamp" } as const;

/** One row by column name; what is absent is written as an empty cell. */
type Row = Readonly<Record<string, string | number | undefined>>;

const commonColumns = [
  ...["id", "name", "address", "type", "kind", "unit", "every_ms", "scale", "offset"],
  ...["device_unit", "low", "high", "decimals", "asset", "texts", "clock", "overview"],
] as const;

const protocolColumns: Readonly<Record<TableProtocol, readonly string[]>> = {
  opcua: ["path"],
  modbus: ["order", "bit", "length", "encoding", "sentinel", "together", "swap"],
  mqtt: ["time_field", "time_format", "write_topic", "write_payload"],
  sparkplug: [],
};

/** The table of a machine, as text with a header row. */
export function tagTable(machine: Machine, protocol: TableProtocol): string {
  const columns = [
    ...commonColumns,
    ...protocolColumns[protocol],
    ...(machine.kind === "replay" && protocol === "opcua" ? Object.keys(everyRow) : []),
    ...(machine.kind === "replay" ? ["tell"] : []),
  ];
  const rows = rowsOf(machine, protocol);
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(","));
  return `${[columns.join(","), ...lines].join("\n")}\n`;
}

function rowsOf(machine: Machine, protocol: TableProtocol): readonly Row[] {
  switch (protocol) {
    case "opcua":
      return machine.points.flatMap((point) => opcuaRows(machine, point));
    case "modbus":
      return modbusMapOf(machine).map((place) => modbusRow(machine, place));
    case "mqtt":
      return mqttRows(machine);
    case "sparkplug":
      return machine.points.map((point) => ({
        ...commonRow(machine, point),
        // The same machine also speaks plain JSON; a gateway that reads both needs two names.
        id: `${machine.id}-sparkplug/${tagName(point.path)}`,
        // The same machine a second time: told apart on a page that shows both.
        asset: `${assetName(machine.id)} (Sparkplug)`,
        address: `${sparkplugGroup}/${nodeId(machine.id)}/${machine.id}/${metricName(point.path)}`,
        clock: "device",
      }));
  }
}

/** A point of the recipe stands once more in the structure, at a path of it. */
function opcuaRows(machine: Machine, point: PointSpec): readonly Row[] {
  const more = machine.kind === "replay" ? everyRow : {};
  const row = { ...commonRow(machine, point), ...more, clock: "device" };
  const plain = { ...row, address: nodeAddress(machine.id, point.path) };
  const [group, field] = point.path.split(".");
  if (group !== "Recipe" || field === undefined) return [plain];
  const id = `${machine.id}/${tagName(`RecipeRecord.${field}`)}`;
  const address = nodeAddress(machine.id, "RecipeRecord");
  return [plain, { ...row, id, name: `${point.name} (structure)`, address, path: field }];
}

function commonRow(machine: Machine, point: PointSpec): Row {
  return {
    id: `${machine.id}/${tagName(point.path)}`,
    name: point.name,
    type: point.type,
    kind: point.kind,
    unit: point.unit,
    // How fast a recording is played is said at its start; the gateway's settings say what to expect.
    every_ms: machine.kind === "replay" ? undefined : point.everyMs,
    low: point.low,
    high: point.high,
    decimals: point.decimals,
    asset: assetName(machine.id),
    texts: textsOf(point),
    overview: point.overview,
    // What was recorded goes all the way, value for value.
    tell: machine.kind === "replay" ? "full" : undefined,
  };
}

function modbusRow(machine: Machine, place: ModbusPoint): Row {
  const point = machine.points.find(({ path }) => path === place.path);
  if (point === undefined) throw new Error(`${machine.id} has no point ${place.path}`);
  return {
    ...commonRow(machine, point),
    address: `${place.table}:${place.address}`,
    type: place.type,
    scale: place.scale,
    offset: place.offset,
    device_unit: place.deviceUnit?.code,
    clock: "gateway",
    ...(place.type === "string"
      ? // A string has no words to order, but its bytes may lie swapped; its length is in bytes.
        { length: 2 * width(place), swap: place.order === "BADC" ? "yes" : undefined }
      : { order: place.order }),
    bit: place.bit,
    encoding: place.encoding,
    sentinel: place.sentinel,
    together: place.together,
  };
}

function mqttRows(machine: Machine): readonly Row[] {
  return jsonTopics(machine, "plant").flatMap((topic) =>
    topic.paths.map((path) => {
      const point = machine.points.find((other) => other.path === path);
      if (point === undefined) throw new Error(`${machine.id} has no point ${path}`);
      return {
        ...commonRow(machine, point),
        address: `${topic.topic}#$.${path}`,
        every_ms: topic.everyMs,
        clock: "device",
        time_field: "$.ts",
        time_format: "ms",
        ...(point.write === undefined
          ? {}
          : {
              write_topic: `plant/${machine.id}/set`,
              write_payload: `{"${path}":{value}}`,
            }),
      };
    }),
  );
}

/** `Bearing.Temperature` is `bearing-temperature` in ids, `Motor.PowerFactor` is `motor-power-factor`. */
export function tagName(path: string): string {
  return path
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll(".", "-")
    .replace(/[^A-Za-z0-9-]/g, "")
    .toLowerCase();
}

/** `pump-1` is the asset `Pump 1`. */
function assetName(machine: string): string {
  return machine.charAt(0).toUpperCase() + machine.slice(1).replace("-", " ");
}

function textsOf({ texts }: PointSpec): string | undefined {
  if (texts === undefined) return undefined;
  return Object.entries(texts)
    .map(([number, text]) => `${number}=${text}`)
    .join("|");
}

function cell(value: string | number | undefined): string {
  const text = value === undefined ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
