/** Events as CSV (RFC 4180), for programs that calculate. */
import type { EventView } from "../event-views.ts";

const columns = [
  "time",
  "gateway",
  "number",
  "kind",
  "asset",
  "subject",
  "what",
  "state",
  "priority",
  "message",
  "tag",
  "value",
  "limit",
  "unit",
  "person",
  "reason",
  "body",
] as const;

export const csvHead: string = csvLine([...columns]);

export function csvOf(event: EventView): string {
  const { atUs, gateway, number, kind, asset, subject } = event;
  const body = event.body as unknown as Readonly<Record<string, unknown>>;
  const { transition, what, outcome, act } = body;
  const said = [
    "state",
    "priority",
    "message",
    "tag",
    "value",
    "limit",
    "unit",
    "person",
    "reason",
  ];
  return csvLine([
    timeOf(atUs),
    gateway,
    number,
    kind,
    asset,
    subject,
    transition ?? what ?? outcome ?? act,
    ...said.map((field) => body[field]),
    JSON.stringify(body),
  ]);
}

function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(cellOf).join(",")}\r\n`;
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  // A spreadsheet would run what begins so; people write the texts of alarms, and a machine's name may come from it.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** With microseconds, which a Date has not: events of one moment have an order. */
function timeOf(atUs: number): string {
  const seconds = Math.floor(atUs / 1e6);
  const micros = String(Math.round(atUs - seconds * 1e6)).padStart(6, "0");
  const date = new Date(seconds * 1_000);
  if (Number.isNaN(date.getTime())) return String(atUs);
  return `${date.toISOString().slice(0, -5)}.${micros}Z`;
}
