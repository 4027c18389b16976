/** Pages of the file against their sums. */
import { readSync } from "node:fs";

import { mendBytes } from "./mend-page.ts";
import { sumOf, unknown, type PageSums } from "./page-sums.ts";

export interface PageCheck {
  /** Differ by one byte from what was written; with what was written. */
  readonly mendable: ReadonlyMap<number, Uint8Array>;
  /** Differ by more. */
  readonly damaged: readonly number[];
  /** Sums of pages of which none was known. */
  readonly fresh: ReadonlyMap<number, number>;
}

const pagesAtOnce = 256;

/**
 * @param fromPage from 1
 * @param toPage included
 * @param inLog pages whose content in the file counts for nothing
 */
export function checkPages(
  fd: number,
  pageSize: number,
  sums: PageSums,
  fromPage: number,
  toPage: number,
  inLog: { has(page: number): boolean },
): PageCheck {
  const mendable = new Map<number, Uint8Array>();
  const damaged: number[] = [];
  const fresh = new Map<number, number>();
  const slab = Buffer.alloc(pageSize * pagesAtOnce);
  for (let first = fromPage; first <= toPage; first += pagesAtOnce) {
    const pages = Math.min(pagesAtOnce, toPage - first + 1);
    const bytes = readSync(fd, slab, 0, pages * pageSize, (first - 1) * pageSize);
    for (let page = first; page < first + Math.floor(bytes / pageSize); page++) {
      if (inLog.has(page)) continue;
      const content = slab.subarray((page - first) * pageSize, (page - first + 1) * pageSize);
      const [is, was] = [sumOf(content), sums.of(page)];
      if (was === unknown) fresh.set(page, is);
      else if (is !== was) {
        const mended = mendBytes(content, was);
        if (mended === undefined) damaged.push(page);
        else mendable.set(page, mended);
      }
    }
  }
  return { mendable, damaged, fresh };
}
