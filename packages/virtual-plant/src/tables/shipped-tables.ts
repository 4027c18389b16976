import { seededRandom } from "@millwright/kit";
import { newFleet } from "../machines/fleet.ts";
import { tagTable, type TableProtocol } from "./tag-table.ts";

/** Where the tables of the default machines are kept. */
export const templatesFolder: URL = new URL("../../gateway-templates", import.meta.url);

const files: readonly (readonly [file: string, machine: string, protocol: TableProtocol])[] = [
  ["pump-1.csv", "pump-1", "opcua"],
  ["spindle-1.csv", "spindle-1", "mqtt"],
  ["spindle-1-sparkplug.csv", "spindle-1", "sparkplug"],
  ["press-1.csv", "press-1", "modbus"],
  ["oven-1.csv", "oven-1", "modbus"],
];

/** File name and text of each table, made from the lists that the servers use. */
export function shippedTables(): readonly (readonly [file: string, text: string])[] {
  const fleet = newFleet(4, seededRandom(1));
  return files.map(([file, id, protocol]) => {
    const machine = fleet.find((other) => other.id === id);
    if (machine === undefined) throw new Error(`there is no ${id}`);
    return [file, tagTable(machine, protocol)];
  });
}
