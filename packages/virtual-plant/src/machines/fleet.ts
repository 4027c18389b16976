import type { Random } from "@millwright/kit";
import type { Machine, MachineKind } from "../machine.ts";
import { MotorPump } from "./motor-pump.ts";
import { Oven } from "./oven.ts";
import { Press } from "./press.ts";
import { Spindle } from "./spindle.ts";

const kinds: readonly MachineKind[] = ["pump", "spindle", "press", "oven"];

/** `count` machines in the order pump, spindle, press, oven, pump-2, …, each with chance of its own. */
export function newFleet(count: number, random: Random): readonly Machine[] {
  return Array.from({ length: count }, (_unused, index) => {
    const kind = kinds[index % kinds.length] ?? "pump";
    const id = `${kind}-${1 + Math.floor(index / kinds.length)}`;
    return newMachine(kind, id, random.fork(id));
  });
}

function newMachine(kind: MachineKind, id: string, random: Random): Machine {
  switch (kind) {
    case "pump":
      return new MotorPump(id, random);
    case "spindle":
      return new Spindle(id, random);
    case "press":
      return new Press(id, random);
    case "oven":
      return new Oven(id, random);
  }
}
