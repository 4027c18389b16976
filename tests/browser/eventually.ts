/**
 * What a page shows follows an act, an answer or a live value when the machine lets it: at once on a quiet one, after seconds
 * on one that does other things as well. So a page is read until it shows what is wanted, and a test fails with what it showed
 * last.
 */
import assert from "node:assert/strict";

import type { Locator, Page } from "playwright-core";

/** A page on a machine that does other things as well is slow, and not stuck. */
export const patienceMs = 120_000;
const everyMs = 50;

/**
 * Reads until an assertion on what was read holds, and fails with its last failure. For what has to come; that something does
 * not come is asserted after what comes behind it.
 */
export async function eventually<T>(
  read: () => T | Promise<T>,
  assertOn: (found: T) => void,
): Promise<T> {
  for (const givenUpMs = performance.now() + patienceMs; ;) {
    try {
      const found = await read();
      assertOn(found);
      return found;
    } catch (failure) {
      if (performance.now() > givenUpMs) throw failure;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** The text of an element becomes, or has in it, what is wanted. */
export async function says(element: Locator, wanted: string | RegExp): Promise<string> {
  return eventually(
    () => element.innerText(),
    (text) => {
      if (typeof wanted === "string") assert.equal(text, wanted);
      else assert.match(text, wanted);
    },
  );
}

/** So many elements are there in the end. */
export async function areThere(elements: Locator, wanted: number, what?: string): Promise<void> {
  await eventually(
    () => elements.count(),
    (count) => {
      assert.equal(count, wanted, what);
    },
  );
}

/** An attribute of an element becomes what is wanted. */
export async function carries(
  element: Locator,
  attribute: string,
  wanted: string | RegExp,
): Promise<string> {
  return eventually(
    async () => (await element.getAttribute(attribute)) ?? "",
    (text) => {
      if (typeof wanted === "string") assert.equal(text, wanted);
      else assert.match(text, wanted);
    },
  );
}

/** The page comes to this address. */
export async function arrives(page: Page, address: RegExp): Promise<void> {
  await eventually(
    () => page.url(),
    (url) => {
      assert.match(url, address);
    },
  );
}
