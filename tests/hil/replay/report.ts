import type { Comparison, Counts, Expectation } from "./compare.ts";

const titles = ["rows", "values", "equal", "different", "missing", "explained", "times off"];

/** A table with a line for each file and one for all of them, and what is wrong in words. */
export function reportOf(
  protocol: string,
  comparison: Comparison,
  { rounding, sourceTime }: Expectation,
): string {
  const { files, total, doubled, disordered, invented, examples } = comparison;
  const width = Math.max(5, ...files.map(({ file }) => file.length));
  const line = (name: string, cells: readonly (string | number)[]): string =>
    name.padEnd(width) + cells.map((cell) => String(cell).padStart(11)).join("");
  return [
    `${protocol}: ${roundings[rounding]}; ${
      sourceTime
        ? "each row's source time compared with the time at which it was played, to 1 ms"
        : "the protocol carries no time, so the gateway's is not compared"
    }`,
    line("file", titles),
    ...files.map(({ file, counts }) => line(file, cellsOf(counts, sourceTime))),
    line("total", cellsOf(total, sourceTime)),
    `rows or values twice: ${doubled}, out of order: ${disordered}, in no file: ${invented}`,
    ...examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

const roundings = {
  none: "64-bit floats, compared without any rounding",
  float32: "32-bit floats, compared with the nearest one to the number in the file",
} as const;

function cellsOf(counts: Counts, sourceTime: boolean): readonly (string | number)[] {
  const { rows, values, equal, different, missing, explained, timesDifferent } = counts;
  return [rows, values, equal, different, missing, explained, sourceTime ? timesDifferent : "-"];
}
