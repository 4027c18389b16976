/** Files that are made while they are fetched: what one page of the database gives is sent before the next is asked. */

export function csvHeaders(filename: string): Readonly<Record<string, string>> {
  return {
    "Content-Type": "text/csv; charset=utf-8",
    "Content-Disposition": `attachment; filename="${filename}"`,
  };
}

/** Lines are made as fast as they are read, and no faster. */
export function streamOf(lines: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = lines[Symbol.asyncIterator]();
  const utf8 = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(utf8.encode(next.value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
