/** Prints rows beneath their headings, columns as wide as their widest cell. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  out: { write(text: string): unknown },
): void {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of [headings, ...rows]) {
    const cells = row.map((cell, column) => printable(cell).padEnd(widths[column] ?? 0));
    out.write(`${cells.join("  ").trimEnd()}\n`);
  }
}

/** What a device says must not steer the terminal: control characters become dots of the same width. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "·");
}
