/**
 * The tag table: CSV beside the settings, because nobody types 10,000 entries into YAML (field practice 62). It
 * round-trips through a spreadsheet: UTF-8 with or without mark, `,` or `;`, every error reported by its cell.
 */
import { parse } from "csv-parse/sync";

import type { Problem } from "./problem.ts";
import { tagsMax } from "./tag-limit.ts";

/** One row, as text; what the columns mean is decided in `declared-tag.ts`. */
export interface TagRow {
  /** For messages: `pump-1.csv: row 14`. Row 1 is the header, as a spreadsheet counts. */
  readonly where: string;
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * @param file name for messages
 * @returns the rows that could be read, and what was wrong with the others
 */
export function parseTagTable(
  file: string,
  text: string,
): { readonly rows: readonly TagRow[]; readonly problems: readonly Problem[] } {
  let records: string[][];
  try {
    records = parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      relaxColumnCount: true,
      skipEmptyLines: true,
      trim: true,
      to: tagsMax + 2,
    });
  } catch (failure) {
    return { rows: [], problems: [{ where: file, what: messageOf(failure) }] };
  }
  const header = records[0];
  if (header === undefined) {
    return {
      rows: [],
      problems: [{ where: file, what: "is empty; its first row must name the columns" }],
    };
  }
  if (records.length > tagsMax + 1) {
    const what = `has more than ${tagsMax} rows, and one gateway takes no more tags; divide them among two gateways`;
    return { rows: [], problems: [{ where: file, what }] };
  }

  const problems: Problem[] = [];
  const names = header.map((name) => name.toLowerCase());
  for (const [index, name] of names.entries()) {
    if (name !== "" && names.indexOf(name) !== index) {
      problems.push({ where: `${file}: row 1`, what: `names the column "${name}" twice` });
    }
  }

  const rows: TagRow[] = [];
  for (const [index, record] of records.entries()) {
    if (index === 0) continue;
    const where = `${file}: row ${index + 1}`;
    if (record.length > names.length) {
      problems.push({
        where,
        what: `has ${record.length} cells where the header has ${names.length}; put a text that holds the separator in quotes`,
      });
      continue;
    }
    const cells: Record<string, string> = {};
    for (const [column, name] of names.entries()) {
      const cell = record[column];
      if (name !== "" && cell !== undefined && cell !== "") cells[name] = cell;
    }
    rows.push({ where, cells });
  }
  return { rows, problems };
}

/** Spreadsheets write `;` where the comma is the decimal sign: the header decides. */
function delimiterOf(text: string): string {
  const header = text.slice(0, text.search(/[\r\n]|$/));
  return header.split(";").length > header.split(",").length ? ";" : ",";
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
