import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { PlayedClock, silentLog } from "@millwright/kit";
import type { EventRecord } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../buffer/events/memory-book.ts";
import type { AuditNote, EventQuery } from "../hand-over.ts";
import { AuditBook, breakAct, type Verified } from "./audit-book.ts";
import { openSecret } from "./secret.ts";

/** The journal of a gateway whose disk somebody can write to: what is listed may be changed and cut. */
class WritableBook extends MemoryEventBook {
  change: (records: readonly EventRecord[]) => readonly EventRecord[] = (records) => records;

  override async list(query: EventQuery): Promise<readonly EventRecord[]> {
    const { max, before = Infinity, ...rest } = query;
    const all = await super.list({ ...rest, max: 100_000 });
    return this.change(all)
      .filter(({ number }) => number < before)
      .slice(0, max);
  }
}

interface Rig {
  readonly book: WritableBook;
  readonly anchorFile: string;
  open(hasHub?: boolean): Promise<AuditBook>;
}

async function newRig(context: TestContext): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "millwright-audit-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const book = new WritableBook();
  const anchorFile = join(folder, "audit-head.json");
  const secret = await openSecret(join(folder, "secret"));
  return {
    book,
    anchorFile,
    open: (hasHub = false) =>
      AuditBook.open({
        book,
        anchorFile,
        secret,
        hasHub,
        clock: new PlayedClock(),
        log: silentLog,
      }),
  };
}

const note = (object: string): AuditNote => ({
  person: "ada",
  device: "::1",
  act: "command.write",
  object,
  before: "20",
  after: "25",
  result: "done",
});

async function filled(rig: Rig, count: number): Promise<AuditBook> {
  const audit = await rig.open();
  await Promise.all(Array.from({ length: count }, (_, at) => audit.add(note(`speed ${at}`))));
  return audit;
}

async function verified(audit: AuditBook): Promise<Verified> {
  return await audit.verify(new AbortController().signal);
}

test("a book is whole after restarts, over more than one page", async (context) => {
  const rig = await newRig(context);
  await filled(rig, 150);
  const audit = await filled(rig, 60);
  const { entries, from, broken, earlier } = await verified(audit);
  assert.deepEqual([entries, from, broken, earlier], [210, 1, undefined, 0]);
});

test("entries that come at once are chained in the order of their coming", async (context) => {
  const rig = await newRig(context);
  const audit = await rig.open();
  await Promise.all(Array.from({ length: 50 }, (_, at) => audit.add(note(`speed ${at}`))));
  assert.equal((await verified(audit)).broken, undefined);
  const objects = (await audit.list(50)).map(({ body }) => body.object);
  assert.deepEqual(
    objects.toReversed(),
    Array.from({ length: 50 }, (_, at) => `speed ${at}`),
  );
});

test("an entry that was changed on the disk is named", async (context) => {
  const rig = await newRig(context);
  const audit = await filled(rig, 5);
  rig.book.change = (records) =>
    records.map((record) =>
      record.number === 3 && record.kind === "audit"
        ? { ...record, body: { ...record.body, after: "90" } }
        : record,
    );
  assert.equal((await verified(audit)).broken?.index, 3);
  rig.book.change = (records) => records.filter(({ number }) => number !== 2);
  assert.deepEqual((await verified(audit)).broken, {
    index: 2,
    what: "entry 2 is missing; entry 3 stands there",
  });
});

test("an end that was cut off is found at the next start, and stays in the book", async (context) => {
  const rig = await newRig(context);
  await filled(rig, 5);
  const before = rig.book.change;
  rig.book.change = (records) => records.filter(({ number }) => number <= 3 || number > 5);
  const audit = await rig.open();
  const [last] = await audit.list(1);
  assert.equal(last?.body.act, breakAct);
  assert.match(last.body.why ?? "", /entries 4 to 5 are missing at the end/);
  const { broken, earlier } = await verified(audit);
  assert.deepEqual([broken, earlier], [undefined, 1]);
  // The control: what is whole is not accused.
  rig.book.change = before;
  const other = await newRig(context);
  await filled(other, 5);
  const [end] = await (await other.open()).list(1);
  assert.equal(end?.body.act, "command.write");
});

test("whoever also takes the anchor away, or writes another, is found", async (context) => {
  const rig = await newRig(context);
  await filled(rig, 5);
  rmSync(rig.anchorFile);
  rig.book.change = (records) => records.filter(({ number }) => number <= 3);
  const audit = await rig.open();
  assert.equal(audit.verified, undefined);
  rig.book.change = (records) => records.filter(({ number }) => number <= 3 || number > 5);
  const [gone] = await audit.list(1);
  assert.match(gone?.body.why ?? "", /audit-head.json is not there/);

  writeFileSync(rig.anchorFile, JSON.stringify({ index: 3, chain: "", mac: "00" }));
  const [forged] = await (await rig.open()).list(1);
  assert.match(forged?.body.why ?? "", /was not written by this gateway, or was changed/);
});

test("with a hub the oldest entries may be there alone; without one they have to be here", async (context) => {
  const rig = await newRig(context);
  await filled(rig, 5);
  rig.book.change = (records) => records.filter(({ number }) => number > 2);
  const atHub = await verified(await rig.open(true));
  assert.deepEqual([atHub.entries, atHub.from, atHub.broken], [3, 3, undefined]);
  const alone = await verified(await rig.open());
  assert.deepEqual(alone.broken, { index: 1, what: "entry 1 is missing; entry 3 stands there" });
});

test("an entry that could not be kept is kept before the next one, and nothing is missing", async (context) => {
  const rig = await newRig(context);
  const audit = await filled(rig, 2);
  rig.book.full = true;
  await assert.rejects(audit.add(note("while it was full")));
  assert.match(audit.failed ?? "", /./);
  rig.book.full = false;
  await audit.add(note("after"));
  assert.equal(audit.failed, undefined);
  const objects = (await audit.list(2)).map(({ body }) => body.object);
  assert.deepEqual(objects, ["after", "while it was full"]);
  assert.equal((await verified(audit)).broken, undefined);
});

test("a reason as long as a book is shortened and kept", async (context) => {
  const rig = await newRig(context);
  const audit = await rig.open();
  await audit.add({ ...note("speed"), reason: "x".repeat(100_000) });
  const [entry] = await audit.list(1);
  assert.equal(entry?.body.reason?.length, 1_001);
  assert.equal((await verified(audit)).broken, undefined);
});
