import type { Machine } from "../machine.ts";
import { ovenMap } from "./oven-map.ts";
import { width, type ModbusPoint } from "./point-map.ts";
import { pressMap } from "./press-map.ts";

/** The register list of a machine. */
export function modbusMapOf(machine: Machine): readonly ModbusPoint[] {
  switch (machine.kind) {
    case "press":
      return pressMap;
    case "oven":
      return ovenMap;
    case "bulk":
    case "replay":
      return packedMap(machine);
    case "pump":
    case "spindle":
      throw new Error(`${machine.id} has no register list`);
  }
}

/** Every point after the one before, from input register 0 on, in its own type. */
function packedMap(machine: Machine): readonly ModbusPoint[] {
  let next = 0;
  return machine.points.map(({ path, type }) => {
    const point: ModbusPoint = {
      ...{ path, table: "input", address: next, type },
      ...(type === "string" ? { length: 16 } : {}),
    };
    next += width(point);
    return point;
  });
}
