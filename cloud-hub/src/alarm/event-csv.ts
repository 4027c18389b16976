/** Events as CSV (RFC 4180), for programs that calculate. */
import { csvLine, csvTime } from "../csv-line.ts";
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
    csvTime(atUs),
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
