import { saveFile } from "../save-file.ts";

/** Hands a table to the browser as a file (RFC 4180). @param name of which what no file name may hold is left out */
export function saveCsv(name: string, rows: readonly (readonly (string | number)[])[]): void {
  const text = [...rows.map((row) => row.map(cellOf).join(",")), ""].join("\r\n");
  saveFile(`${name.replace(/[^A-Za-z0-9_-]+/g, "_")}.csv`, text, "text/csv");
}

function cellOf(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
