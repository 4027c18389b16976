/** `make interop` prints one line for each peer: version, cases, result, or "not reachable here". */
import type { TestEvent } from "node:test/reporters";

export default async function* reporter(
  source: AsyncIterable<TestEvent>,
): AsyncGenerator<string, void> {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for await (const event of source) {
    // Some peers are judged after all tests of their file, where only printing is possible.
    if (event.type === "test:stdout") yield event.data.message;
    if (event.type === "test:diagnostic" && event.data.nesting > 0)
      yield `  ${event.data.message}\n`;
    if (
      event.type === "test:diagnostic" &&
      event.data.nesting === 0 &&
      event.data.file !== undefined
    ) {
      yield `${event.data.message}\n`;
    }
    if (event.type === "test:pass") {
      if (event.data.skip === undefined) passed++;
      else {
        skipped++;
        yield `not reachable here: ${event.data.name} (${String(event.data.skip)})\n`;
      }
    }
    if (event.type === "test:fail") {
      failed++;
      yield `failed: ${event.data.name}: ${event.data.details.error.message}\n`;
    }
  }
  yield `${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}
