/**
 * The table of what a machine's fault numbers or bits mean: CSV, UTF-8, `,` or `;`, one column for each language (field
 * practice 60).
 */
import type { AlarmPriority } from "@millwright/wire-contract/events";

export interface FaultText {
  /** Number of the fault, or of the bit from 0. */
  readonly fault: number;
  readonly message: string;
  /** "" where nobody has to act. */
  readonly class: string;
  readonly priority: AlarmPriority;
  /** Instead of that of the class; "" for none. */
  readonly action: string;
}

/** A row of the file, as text by its column. */
export interface FaultRow {
  /** "press.csv: row 3" */
  readonly where: string;
  readonly cells: Readonly<Record<string, string>>;
}

/** A 32-bit word has no more, and a 64-bit word is told from it by nobody here. */
const bitMost = 63;

/** @param refuse called with every cell that says nothing */
export function toFaultTexts(
  rows: readonly FaultRow[],
  kind: "number" | "bits",
  language: string,
  refuse: (where: string, what: string) => void,
): readonly FaultText[] {
  const seen = new Set<number>();
  return rows.flatMap(({ where, cells }) => {
    const fault = Number(cells["fault"] ?? NaN);
    const most = kind === "bits" ? bitMost : Number.MAX_SAFE_INTEGER;
    if (!Number.isInteger(fault) || fault < 0 || fault > most) {
      const what = kind === "bits" ? `a bit from 0 to ${bitMost}` : "a whole number";
      refuse(`${where}, column fault`, `"${cells["fault"] ?? ""}" must be ${what}`);
      return [];
    }
    if (seen.has(fault)) {
      refuse(`${where}, column fault`, `${fault} stands in the table twice`);
      return [];
    }
    seen.add(fault);
    const message = cells[language] ?? "";
    if (message === "") {
      refuse(`${where}, column ${language}`, `has no text for fault ${fault}`);
      return [];
    }
    const priority = Number(cells["priority"] ?? 3);
    if (priority !== 1 && priority !== 2 && priority !== 3) {
      refuse(`${where}, column priority`, `"${cells["priority"] ?? ""}" must be 1, 2 or 3`);
      return [];
    }
    const { class: name = "", action = "" } = cells;
    return [{ fault, message, class: name, priority, action }];
  });
}
