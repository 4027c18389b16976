import type { Verdict } from "@millwright/scenario";

/** One line of numbers, for the output of a test. */
export function summaryOf(verdict: Verdict): string {
  const { produced, stored, explained, unexplained, doubled, invented, disordered } = verdict;
  return (
    `${produced} produced, ${stored} stored, ${explained} explained, ${unexplained.length} unexplained, ` +
    `${doubled.length} doubled, ${invented.length} invented, ${disordered.length} disordered`
  );
}
