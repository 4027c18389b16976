import { Fault } from "@millwright/kit";
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import * as z from "zod";
import type { Machine } from "../machine.ts";
import { plantFault, type PlantFault } from "./fault.ts";
import { faultWord } from "./sensors.ts";

/** A fault, or the file of a schedule, that cannot be played. Lists every problem with its path. */
export class FaultsRefused extends Fault {
  override readonly name = "FaultsRefused";
  readonly code = "plant.faults-refused";
  readonly retry = "never";
  readonly hint = "Correct the lines named here; packages/virtual-plant/README.md has the format.";
  readonly problems: readonly string[];

  constructor(where: string, problems: readonly string[]) {
    super(`${where} cannot be played:\n${problems.map((line) => `  ${line}`).join("\n")}`);
    this.problems = problems;
  }
}

const schedule = z.strictObject({ faults: z.array(plantFault).max(10_000) });

/** Reads a schedule from a YAML file. Throws `FaultsRefused` with all problems of the file at once. */
export async function loadSchedule(
  file: string,
  machines: readonly Machine[],
): Promise<readonly PlantFault[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (failure) {
    throw new FaultsRefused(file, [failure instanceof Error ? failure.message : "cannot be read"]);
  }
  return parseSchedule(file, text, machines);
}

export function parseSchedule(
  where: string,
  text: string,
  machines: readonly Machine[],
): readonly PlantFault[] {
  let document: unknown;
  try {
    document = parse(text);
  } catch (failure) {
    throw new FaultsRefused(where, [failure instanceof Error ? failure.message : "is not YAML"]);
  }
  const parsed = schedule.safeParse(document);
  if (!parsed.success) throw new FaultsRefused(where, problemsOf(parsed.error));
  const problems = parsed.data.faults.flatMap((fault, index) =>
    misfits(fault, machines).map((problem) => `faults[${index}].${problem}`),
  );
  if (problems.length > 0) throw new FaultsRefused(where, problems);
  return parsed.data.faults;
}

/** One fault that came from outside while the plant runs. */
export function parseFault(value: unknown, machines: readonly Machine[]): PlantFault {
  const parsed = plantFault.safeParse(value);
  if (!parsed.success) throw new FaultsRefused("the fault", problemsOf(parsed.error));
  const problems = misfits(parsed.data, machines);
  if (problems.length > 0) throw new FaultsRefused("the fault", problems);
  return parsed.data;
}

/** What the schema cannot know: whether the machine and the point exist. */
function misfits(fault: PlantFault, machines: readonly Machine[]): readonly string[] {
  if (fault.machine === "broker") {
    return fault.kind === "power-cycle"
      ? []
      : [`kind: the broker can only be power-cycled, not "${fault.kind}"`];
  }
  const machine = machines.find(({ id }) => id === fault.machine);
  if (machine === undefined) {
    const names = machines.map(({ id }) => id).join(", ");
    return [`machine: there is no "${fault.machine}"; there are ${names}`];
  }
  if (fault.kind === "bearing-wear" && machine.setWear === undefined) {
    return [`machine: "${fault.machine}" has no bearing that could wear`];
  }
  if (fault.kind === "fault-bit" && !machine.points.some(({ path }) => path === faultWord)) {
    return [`machine: "${fault.machine}" has no fault word`];
  }
  if (!("point" in fault)) return [];
  const found = machine.points.find(({ path }) => path === fault.point);
  if (found === undefined) return [`point: "${fault.machine}" has no point "${fault.point}"`];
  const numeric = found.type === "float64" || found.type === "float32";
  if (fault.kind === "drift" && !numeric) return [`point: "${fault.point}" is no measured number`];
  return [];
}

function problemsOf(error: z.ZodError): readonly string[] {
  return error.issues.map((issue) => `${pathOf(issue.path)}: ${issue.message}`);
}

function pathOf(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("");
  return text.replace(/^\./, "") || "(whole)";
}
