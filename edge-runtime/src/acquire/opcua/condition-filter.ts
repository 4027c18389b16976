/**
 * Which events are asked for, and what stands in them: the fields of conditions after OPC 10000-9, 5.5 to 5.8, and the
 * events that frame a refresh (5.11). Pure.
 */
import type { MachineCondition } from "../machine-condition.ts";
import { permanentAddress } from "./addresses.ts";
import type { Library, opcua } from "./library.ts";
import { toUs } from "./values.ts";

/** Numeric ids of the standard's own types (OPC 10000-6, A.3). */
const types = {
  baseEvent: 2041,
  systemEvent: 2130,
  condition: 2782,
  refreshStart: 2787,
  refreshEnd: 2788,
  refreshRequired: 2789,
  acknowledgeable: 2881,
  alarm: 2915,
  queueOverflow: 3035,
} as const;

/** ShelvedStateMachineType, state Unshelved. */
const unshelved = 2930;

const valueAttribute = 13;
const nodeIdAttribute = 1;

interface Field {
  readonly type: number;
  /** Empty: the condition's own node id (OPC 10000-9, 5.5.2). */
  readonly path: readonly string[];
  /** Servers of older versions may refuse what their types do not have. */
  readonly optional?: true;
}

const fields = {
  eventId: { type: types.baseEvent, path: ["EventId"] },
  eventType: { type: types.baseEvent, path: ["EventType"] },
  source: { type: types.baseEvent, path: ["SourceName"] },
  time: { type: types.baseEvent, path: ["Time"] },
  message: { type: types.baseEvent, path: ["Message"] },
  severity: { type: types.baseEvent, path: ["Severity"] },
  condition: { type: types.condition, path: [] },
  name: { type: types.condition, path: ["ConditionName"] },
  branch: { type: types.condition, path: ["BranchId"] },
  retain: { type: types.condition, path: ["Retain"] },
  enabled: { type: types.condition, path: ["EnabledState", "Id"] },
  acked: { type: types.acknowledgeable, path: ["AckedState", "Id"] },
  active: { type: types.alarm, path: ["ActiveState", "Id"] },
  person: { type: types.condition, path: ["ClientUserId"], optional: true },
  confirmed: { type: types.acknowledgeable, path: ["ConfirmedState", "Id"], optional: true },
  activeSince: { type: types.alarm, path: ["ActiveState", "TransitionTime"], optional: true },
  suppressed: { type: types.alarm, path: ["SuppressedState", "Id"], optional: true },
  outOfService: { type: types.alarm, path: ["OutOfServiceState", "Id"], optional: true },
  latched: { type: types.alarm, path: ["LatchedState", "Id"], optional: true },
  shelving: {
    type: types.alarm,
    path: ["ShelvingState", "CurrentState", "Id"],
    optional: true,
  },
  suppressedOrShelved: { type: types.alarm, path: ["SuppressedOrShelved"], optional: true },
} as const satisfies Readonly<Record<string, Field>>;

type FieldName = keyof typeof fields;
const names = Object.keys(fields) as FieldName[];

/** How much is asked for, from all to what every server knows. */
export const filterWishes = ["all", "unfiltered", "basic"] as const;
export type FilterWish = (typeof filterWishes)[number];

export function eventFilter(library: Library, wish: FilterWish): opcua.EventFilter {
  const asked: readonly Field[] = names
    .map((name): Field => fields[name])
    .filter(({ optional }) => wish !== "basic" || optional !== true);
  return new library.EventFilter({
    selectClauses: asked.map(({ type, path }) => ({
      typeDefinitionId: node(library, type),
      browsePath: path.map((name) => ({ namespaceIndex: 0, name })),
      attributeId: path.length === 0 ? nodeIdAttribute : valueAttribute,
    })),
    ...(wish === "all"
      ? { whereClause: anyOfType(library, types.condition, types.systemEvent) }
      : {}),
  });
}

function node(library: Library, id: number): opcua.NodeId {
  return new library.NodeId(library.NodeId.NodeIdType.NUMERIC, id, 0);
}

/** Audit events and the like are many, and are none of an alarm. Events of a refresh are system events. */
function anyOfType(library: Library, first: number, second: number): opcua.ContentFilter {
  const ofType = (id: number): opcua.ContentFilterElementOptions => ({
    filterOperator: library.FilterOperator.OfType,
    filterOperands: [
      new library.LiteralOperand({
        value: { dataType: library.DataType.NodeId, value: node(library, id) },
      }),
    ],
  });
  return new library.ContentFilter({
    elements: [
      {
        filterOperator: library.FilterOperator.Or,
        filterOperands: [1, 2].map((index) => new library.ElementOperand({ index })),
      },
      ofType(first),
      ofType(second),
    ],
  });
}

export type ConditionEvent =
  | { readonly kind: "condition"; readonly condition: MachineCondition }
  /** Events were lost, or the server says that what it told may not hold any more. */
  | { readonly kind: "refresh-required" }
  | { readonly kind: "refresh-start" | "refresh-end" };

/** What we need of a field; null and absent are the same. */
export interface EventField {
  readonly value?: unknown;
}

/**
 * @param namespaces the server's table: ids are told by the URIs of their namespaces, because indices change
 * @returns undefined for an event that is no condition and frames no refresh
 */
export function parseEvent(
  values: readonly EventField[],
  namespaces: readonly string[],
): ConditionEvent | undefined {
  // Of a basic wish the last ones are not there.
  const read = (name: FieldName): unknown => values[names.indexOf(name)]?.value ?? undefined;
  const flag = (name: FieldName): boolean | undefined => {
    const value = read(name);
    return typeof value === "boolean" ? value : undefined;
  };
  switch (standardId(read("eventType"))) {
    case types.refreshStart:
      return { kind: "refresh-start" };
    case types.refreshEnd:
      return { kind: "refresh-end" };
    case types.refreshRequired:
    case types.queueOverflow:
      return { kind: "refresh-required" };
    case undefined:
      break;
  }
  const condition = permanentId(read("condition"), namespaces);
  const eventId = read("eventId");
  if (condition === "" || !(eventId instanceof Uint8Array)) return undefined;
  const [suppressed, outOfService] = [flag("suppressed"), flag("outOfService")];
  const shelved = shelvedOf(read("shelving"));
  const parts = [suppressed, outOfService, shelved];
  const active = flag("active");
  const severity = read("severity");
  const activeSince = timeOf(read("activeSince"));
  const atUs = timeOf(read("time"));
  return {
    kind: "condition",
    condition: {
      condition,
      branch: permanentId(read("branch"), namespaces),
      eventId: Buffer.from(eventId).toString("hex"),
      name: textOf(read("name")),
      // Some servers write the index of a namespace before it, and that changes when a module is added.
      source: textOf(read("source")).replace(/^\d+:/, ""),
      message: textOf(read("message")),
      severity: typeof severity === "number" ? severity : 0,
      sinceUs: active === true && !Number.isNaN(activeSince) ? activeSince : atUs,
      person: textOf(read("person")),
      retain: flag("retain") ?? false,
      enabled: flag("enabled"),
      active,
      acked: flag("acked"),
      confirmed: flag("confirmed"),
      latched: flag("latched"),
      // Some servers say only that it is one of them.
      suppressed: flag("suppressedOrShelved") === true && !parts.includes(true) ? true : suppressed,
      outOfService,
      shelved,
    },
  };
}

/** What the library makes of a NodeId. */
interface LibraryNodeId {
  readonly namespace: number;
  readonly value: unknown;
  toString(): string;
}

function isNodeId(value: unknown): value is LibraryNodeId {
  return typeof value === "object" && value !== null && "namespace" in value && "value" in value;
}

function standardId(value: unknown): number | undefined {
  if (!isNodeId(value) || value.namespace !== 0) return undefined;
  return typeof value.value === "number" ? value.value : undefined;
}

/** "" for the null id. */
function permanentId(value: unknown, namespaces: readonly string[]): string {
  if (!isNodeId(value)) return "";
  const id = value.toString().replace(/^ns=\d+;/, "");
  if (id === "i=0" && value.namespace === 0) return "";
  return permanentAddress(value.namespace, id, namespaces) ?? "";
}

/** OPC 10000-9, 5.8.17: anything but Unshelved is shelved. */
function shelvedOf(value: unknown): boolean | undefined {
  const id = standardId(value);
  return id === undefined || id === 0 ? undefined : id !== unshelved;
}

function timeOf(value: unknown): number {
  return value instanceof Date ? toUs(value, 0) : NaN;
}

/** Of a String or a LocalizedText. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || !("text" in value)) return "";
  return typeof value.text === "string" ? value.text : "";
}
