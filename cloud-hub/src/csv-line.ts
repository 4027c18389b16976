/** Lines of CSV (RFC 4180) that no spreadsheet runs. */

export function csvLine(cells: readonly unknown[]): string {
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

/** With microseconds, which a Date has not: what happens in one moment has an order. */
export function csvTime(atUs: number): string {
  const seconds = Math.floor(atUs / 1e6);
  const micros = String(Math.round(atUs - seconds * 1e6)).padStart(6, "0");
  const date = new Date(seconds * 1_000);
  if (Number.isNaN(date.getTime())) return String(atUs);
  return `${date.toISOString().slice(0, -5)}.${micros}Z`;
}
