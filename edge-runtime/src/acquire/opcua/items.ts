import { createHash } from "node:crypto";

import type { Refused } from "@millwright/kit";
import type { ValueType } from "@millwright/wire-contract";

import type { PointSettings } from "../driver.ts";
import { parseAddress, type Address } from "./addresses.ts";
import { parseElementPath, type ElementStep } from "./element-path.ts";

/** When the server reports (OPC 10000-4, 7.22.2). Repeats of a value are reported with the last of them only. */
const triggers = ["status", "status-value", "status-value-timestamp"] as const;
export type Trigger = (typeof triggers)[number];

/** `on-change`: nothing between two looks of the server is missed, where the server can do that (OPC 10000-4, 5.13.1.2). */
const samplings = ["periodic", "on-change"] as const;

/** A filter inside the server, declared on the tag. The numbers of the kinds are those of the protocol. */
export interface Deadband {
  readonly kind: 1 | 2;
  readonly value: number;
}
const deadbandKinds = { absolute: 1, percent: 2 } as const;

/** A configured point, understood. */
export interface PointPlan {
  readonly address: Address;
  readonly addressText: string;
  readonly type: ValueType;
  readonly path: readonly ElementStep[];
  /** 0: the server reports each change instead of looking now and then. */
  readonly samplingMs: number;
  /** Changes are expected to be so far apart: the queue in the server is measured by it. */
  readonly spacingMs: number;
  readonly trigger: Trigger;
  readonly deadband: Deadband | undefined;
}

/**
 * One monitored item: a node, and the points that are read from its value. Points of one structure share an item, so
 * that they have one time and one sequence (field practice 8).
 */
export interface ItemPlan {
  readonly address: Address;
  readonly samplingMs: number;
  readonly spacingMs: number;
  readonly trigger: Trigger;
  readonly deadband: Deadband | undefined;
  /** Indices of the points. */
  readonly points: readonly number[];
}

const knownOptions = new Set(["path", "sampling", "trigger", "deadband", "deadband_type"]);

/** Understands what a person wrote in one row of the tag table. Touches no network. */
export function planPoint(point: PointSettings): PointPlan | Refused {
  const address = parseAddress(point.address);
  if (address.kind === "refused") return address;
  for (const [name, value] of Object.entries(point.options)) {
    if (value !== "" && !knownOptions.has(name)) {
      return refuse(
        `OPC UA tags have no column "${name}"; known are ${[...knownOptions].join(", ")}`,
      );
    }
  }
  const path = parseElementPath(point.options["path"] ?? "");
  if ("kind" in path) return path;
  const trigger = point.options["trigger"] ?? "";
  if (trigger !== "" && !isTrigger(trigger)) {
    return refuse(`trigger "${trigger}" is not one of ${triggers.join(", ")}`);
  }
  const sampling = point.options["sampling"] ?? "";
  if (sampling !== "" && !samplings.some((known) => known === sampling)) {
    return refuse(`sampling "${sampling}" is not one of ${samplings.join(", ")}`);
  }
  const deadband = parseDeadband(point.options);
  if (deadband !== undefined && deadband.kind === "refused") return deadband;
  return {
    address,
    addressText: point.address,
    type: point.type,
    path,
    samplingMs: sampling === "on-change" ? 0 : point.everyMs,
    spacingMs: point.everyMs,
    trigger: trigger === "" ? "status-value" : trigger,
    deadband,
  };
}

function isTrigger(text: string): text is Trigger {
  return triggers.some((trigger) => trigger === text);
}

function parseDeadband(options: Readonly<Record<string, string>>): Deadband | Refused | undefined {
  const text = options["deadband"] ?? "";
  const kind = options["deadband_type"] ?? "";
  if (text === "") {
    return kind === "" ? undefined : refuse("deadband_type is given without a deadband");
  }
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) {
    return refuse(`deadband "${text}" is not a number above 0`);
  }
  if (kind !== "" && !Object.hasOwn(deadbandKinds, kind)) {
    return refuse(`deadband_type "${kind}" is not absolute or percent`);
  }
  if (kind === "percent" && value > 100) return refuse(`a deadband of ${value} percent hides all`);
  return { kind: kind === "percent" ? 2 : 1, value };
}

/** Puts points of the same node and the same wishes into one item. The order is that of the points. */
export function planItems(points: readonly PointPlan[]): ItemPlan[] {
  const items = new Map<string, { plan: PointPlan; points: number[] }>();
  for (const [index, plan] of points.entries()) {
    const key = [
      plan.addressText,
      plan.samplingMs,
      plan.spacingMs,
      plan.trigger,
      plan.deadband?.kind,
      plan.deadband?.value,
    ].join("\n");
    const item = items.get(key);
    if (item === undefined) items.set(key, { plan, points: [index] });
    else item.points.push(index);
  }
  return [...items.values()].map(({ plan, points: indices }) => ({
    address: plan.address,
    samplingMs: plan.samplingMs,
    spacingMs: plan.spacingMs,
    trigger: plan.trigger,
    deadband: plan.deadband,
    points: indices,
  }));
}

/**
 * Names what a subscription was made for. A subscription that was left in the server is taken up again only for the
 * same items in the same order, because their numbers are what notifications carry.
 */
export function fingerprintOf(
  points: readonly PointPlan[],
  wishes: readonly (number | string)[],
): string {
  const hash = createHash("sha256");
  for (const point of points) {
    hash.update(
      `${point.addressText}\n${samplingText(point)}\n${point.trigger}\n${point.deadband?.kind ?? ""}/${point.deadband?.value ?? ""}\n`,
    );
  }
  hash.update(wishes.join(","));
  return hash.digest("hex").slice(0, 32);
}

function samplingText({ samplingMs, spacingMs }: PointPlan): string {
  return samplingMs === 0 ? `on-change/${spacingMs}` : String(samplingMs);
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
