import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { crc32 } from "node:zlib";

import fc from "fast-check";

import { checkPages } from "./check-pages.ts";
import { mendBytes } from "./mend-page.ts";
import { PageSums, sumOf } from "./page-sums.ts";

const pageSize = 1_024;

function folder(context: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), "pages-"));
  context.after(() => {
    rmSync(made, { recursive: true, force: true });
  });
  return made;
}

test("whatever byte of a page has changed is put back, and what differs by more is not guessed at", () => {
  const page = fc.uint8Array({ minLength: pageSize, maxLength: pageSize });
  const place = fc.nat(pageSize - 1);
  const flip = fc.integer({ min: 1, max: 255 });
  fc.assert(
    fc.property(page, place, flip, (written, at, bits) => {
      const read = Uint8Array.from(written);
      read[at] = (read[at] ?? 0) ^ bits;
      assert.deepEqual(mendBytes(read, crc32(written)), written);
      const other = (at + 500) % pageSize;
      read[other] = (read[other] ?? 0) ^ bits;
      assert.equal(mendBytes(read, crc32(written)), undefined);
    }),
    { numRuns: 20 },
  );
});

test("sums of pages are found again, and a byte that changed among them is put back, too", (context) => {
  const file = path.join(folder(context), "sums");
  const written = new PageSums(file);
  const sums = new Map([1, 2, 255, 256, 10_000].map((page) => [page, page * 77] as const));
  written.note(sums, true);
  written.close();
  const bytes = readFileSync(file);
  bytes[4] = (bytes[4] ?? 0) ^ 16;
  writeFileSync(file, bytes);
  const read = new PageSums(file);
  for (const [page, sum] of sums) assert.equal(read.of(page), sum);
  assert.equal(read.of(5_000), 0, "of others nothing is known");
  assert.equal(read.blocksLost, 0);
  read.close();
});

test("a page that has changed is named, and one of which no sum is known is not accused", (context) => {
  const at = folder(context);
  const file = path.join(at, "file");
  const content = Buffer.alloc(4 * pageSize, 3);
  const sums = new PageSums(path.join(at, "sums"));
  const sum = sumOf(content.subarray(0, pageSize));
  sums.note(new Map([1, 2, 3].map((page) => [page, sum])), false);
  content[pageSize] = 4;
  content.fill(9, 2 * pageSize, 2 * pageSize + 2);
  writeFileSync(file, content);
  const fd = openSync(file, "r");
  const found = checkPages(fd, pageSize, sums, 1, 4, new Set());
  assert.deepEqual([...found.mendable.keys()], [2]);
  assert.deepEqual(found.mendable.get(2), new Uint8Array(pageSize).fill(3));
  assert.deepEqual(found.damaged, [3]);
  assert.deepEqual([...found.fresh], [[4, sum]]);
  const beside = checkPages(fd, pageSize, sums, 1, 4, new Set([2, 3]));
  assert.deepEqual([beside.mendable.size, beside.damaged], [0, []]);
  closeSync(fd);
  sums.close();
});
