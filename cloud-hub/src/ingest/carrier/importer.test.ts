import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";

import {
  ExportWriter,
  fingerprintOf,
  isRefusal,
  openExport,
  openKey,
  readMarks,
  type SigningKey,
} from "@millwright/carrier";
import { seededRandom, silentLog, systemClock, type Refused } from "@millwright/kit";
import { callDoor } from "@millwright/local-door";
import { parseFrame, type GatewayId } from "@millwright/wire-contract";

import { makeDataFolder, removeDataFolder, testDatabase } from "../../children/test-children.ts";
import { brokenAudit } from "../../database/audit.ts";
import { openPool } from "../../database/pool.ts";
import { Ingest } from "../ingest.ts";
import type { Inbox } from "../inbox.ts";
import { openPostgresStore, type PostgresStore } from "../store-postgres.ts";
import { forked, TestGateway, type TestFrame } from "../test-gateway.ts";
import { carrierFilesOf, createCarrierDoor } from "./carrier-door.ts";
import { openGatewayKeys, type PostgresGatewayKeys } from "./gateway-keys.ts";
import { Importer, type EndedImport } from "./importer.ts";

const folder = makeDataFolder();
const database = testDatabase(folder);
const hubKey = openKey(join(folder, "hub-key.pem"));
let gateways = 0;
interface Hub {
  readonly store: PostgresStore;
  readonly keys: PostgresGatewayKeys;
  readonly ingest: Ingest;
  readonly importer: Importer;
}
let opened: Hub | undefined;

/** A road on which nothing ever comes. */
const noRoad: Inbox = {
  open: () => Promise.resolve(),
  take: (_bytesMax, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        reject(new Error("the hub ends"));
      });
    }),
  publishMarks: () => undefined,
  close: () => Promise.resolve(),
};

before(async () => {
  await database.child.start();
  const url = database.url();
  const store = await openPostgresStore({ url, writers: 2, log: silentLog });
  const keys = openGatewayKeys(url, silentLog);
  const ingest = new Ingest({
    inbox: noRoad,
    store,
    writers: 1,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    committed: () => undefined,
    beat: () => undefined,
    greeted: () => undefined,
    watched: () => [],
  });
  await ingest.start();
  const importer = new Importer({
    intake: ingest,
    keys,
    key: hubKey,
    clock: systemClock,
    log: silentLog,
  });
  opened = { store, keys, ingest, importer };
});

after(async () => {
  await opened?.ingest.stop();
  await opened?.keys[Symbol.asyncDispose]();
  await opened?.store[Symbol.asyncDispose]();
  await database.child.stop(AbortSignal.timeout(10_000));
  removeDataFolder(folder);
});

function hub(): Hub {
  assert.ok(opened !== undefined);
  return opened;
}

/** A gateway with a key of its own and a stick that goes with the test. */
function newCarrier(t: TestContext): { gateway: TestGateway; key: SigningKey; stick: string } {
  const stick = mkdtempSync(join(tmpdir(), "stick-"));
  t.after(() => {
    rmSync(stick, { recursive: true, force: true });
  });
  const gateway = new TestGateway(`gw-carrier-${++gateways}`);
  return { gateway, key: openKey(join(stick, "keys", "own.pem")), stick };
}

async function exportOf(
  stick: string,
  gateway: TestGateway,
  key: SigningKey,
  frames: readonly TestFrame[],
  as: string = gateway.gateway,
): Promise<string> {
  const writer = await ExportWriter.open(stick, `millwright-${as}-1`);
  for (const { lane, bytes } of frames) {
    const parsed = parseFrame(bytes);
    assert.ok(parsed.kind === "frame");
    await writer.add({ lane, bytes }, parsed.head);
  }
  const of = {
    version: 1,
    gateway: as as GatewayId,
    publicKey: key.publicKey,
    exportedUs: 1,
    hello: gateway.hello({ gateway: as as GatewayId }),
  } as const;
  return await writer.finish(of, key);
}

async function importFrom(exported: string, accept?: string): Promise<EndedImport | Refused> {
  const found = await openExport(exported);
  if (isRefusal(found)) return found;
  const begun = await hub().importer.begin(found.manifestBytes, accept);
  if (isRefusal(begun)) return begun;
  for (const file of found.manifest.files) {
    const bytes = await found.read(file);
    if (isRefusal(bytes)) return bytes;
    const taken = await hub().importer.file(begun.session, file.name, bytes);
    if (isRefusal(taken)) return taken;
  }
  return await hub().importer.end(begun.session);
}

function someFrames(gateway: TestGateway): TestFrame[] {
  return [
    gateway.dictionaryFrame(),
    gateway.samples([[0, 1, 1]]),
    gateway.samples([
      [0, 2, 2],
      [1, 20, 2],
    ]),
    gateway.samples([[0, 3, 3]]),
  ];
}

test("a gateway that the hub never met is taken in under the fingerprint that a person typed, and then without", async (t) => {
  const { gateway, key, stick } = newCarrier(t);
  const frames = someFrames(gateway);
  const exported = await exportOf(stick, gateway, key, frames);
  const unknown = await importFrom(exported);
  assert.ok(isRefusal(unknown));
  assert.match(unknown.reason, /has never met/);
  assert.ok(unknown.reason.includes(fingerprintOf(key.publicKey)));
  const wrong = await importFrom(exported, "0000-0000");
  assert.ok(isRefusal(wrong));
  assert.equal(await hub().keys.pinned(gateway.gateway), undefined);
  const first = await importFrom(exported, fingerprintOf(key.publicKey));
  assert.ok(!isRefusal(first));
  assert.deepEqual(
    [first.frames, first.stored, first.samplesStored, first.repeated, first.quarantined],
    [4, 4, 4, 0, 0],
  );
  const again = await importFrom(exported);
  assert.ok(!isRefusal(again));
  assert.deepEqual([again.stored, again.samplesStored, again.repeated], [0, 0, 4]);
  const known = await hub().store.gateway(gateway.gateway);
  assert.equal(known?.balance.unexplained, 0);
});

test("the marks of an import are signed by the hub, and name how far it has stored", async (t) => {
  const { gateway, key, stick } = newCarrier(t);
  const exported = await exportOf(stick, gateway, key, someFrames(gateway));
  const ended = await importFrom(exported, fingerprintOf(key.publicKey));
  assert.ok(!isRefusal(ended));
  assert.equal(ended.marksName, `marks-${gateway.gateway}.json`);
  const marks = readMarks(ended.marks);
  assert.ok(!isRefusal(marks));
  assert.equal(marks.publicKey, hubKey.publicKey);
  assert.equal(marks.marks.find(({ lane }) => lane === "live")?.storedSeq, 3);
  assert.equal(marks.incarnation, await hub().store.incarnation());
});

test("what came by the road is a repeat on the stick, and what the stick brought is a repeat on the road", async (t) => {
  const { gateway, key, stick } = newCarrier(t);
  const frames = someFrames(gateway);
  const byRoad = frames.slice(0, 2).map(({ lane, bytes }) => ({
    gateway: gateway.gateway,
    lane,
    bytes,
  }));
  await hub().ingest.takeCarried(byRoad);
  const exported = await exportOf(stick, gateway, key, frames);
  const ended = await importFrom(exported, fingerprintOf(key.publicKey));
  assert.ok(!isRefusal(ended));
  assert.deepEqual([ended.stored, ended.repeated], [2, 2]);
  const later = await hub().ingest.takeCarried(
    frames.map(({ lane, bytes }) => ({ gateway: gateway.gateway, lane, bytes })),
  );
  assert.deepEqual([later.stored.length, later.repeats], [0, 4]);
});

test("a key that changed is refused and shown, and is believed once a person has pinned it, which is in the audit log", async (t) => {
  const { gateway, key, stick } = newCarrier(t);
  const { keys } = hub();
  await keys.met(gateway.gateway, key.publicKey, 10);
  assert.equal((await keys.pinned(gateway.gateway))?.publicKey, key.publicKey);
  const other = openKey(join(stick, "keys", "other.pem"));
  const exported = await exportOf(stick, gateway, other, someFrames(gateway));
  const refused = await importFrom(exported, fingerprintOf(other.publicKey));
  assert.ok(isRefusal(refused), "also when a person accepts it: a pin is another act");
  assert.match(refused.reason, /is known by .* run: pin/);
  const shown = await keys.pinned(gateway.gateway);
  assert.deepEqual([shown?.publicKey, shown?.offeredKey], [key.publicKey, other.publicKey]);

  const ask = await openDoor(t);
  assert.match(await ask(gateway.gateway, "1234"), /has not shown a key 1234/);
  assert.match(await ask(gateway.gateway, fingerprintOf(other.publicKey)), /^{"fingerprint"/);
  assert.ok(!isRefusal(await importFrom(exported)));
  const pinned = await keys.pinned(gateway.gateway);
  assert.deepEqual([pinned?.publicKey, pinned?.offeredKey], [other.publicKey, undefined]);
  const acts = await auditOf(gateway.gateway);
  assert.deepEqual(acts, [
    ["first contact", fingerprintOf(key.publicKey)],
    ["a person, by command", fingerprintOf(other.publicKey)],
  ]);
});

test("a key that the gateway shows again takes the shown one back", async (t) => {
  const { gateway, key, stick } = newCarrier(t);
  const { keys } = hub();
  const other = openKey(join(stick, "keys", "other.pem"));
  await keys.met(gateway.gateway, key.publicKey, 10);
  await keys.met(gateway.gateway, other.publicKey, 20);
  assert.equal((await keys.pinned(gateway.gateway))?.offeredUs, 20);
  await keys.met(gateway.gateway, key.publicKey, 30);
  assert.equal((await keys.pinned(gateway.gateway))?.offeredKey, undefined);
});

test("frames under another gateway's name go to quarantine, and nothing of them is stored", async (t) => {
  const { gateway, key, stick } = newCarrier(t);
  const frames = someFrames(gateway);
  const thief = "gw-thief";
  const exported = await exportOf(stick, gateway, key, frames, thief);
  const ended = await importFrom(exported, fingerprintOf(key.publicKey));
  assert.ok(!isRefusal(ended));
  assert.deepEqual([ended.stored, ended.quarantined], [0, frames.length]);
  assert.equal((await hub().store.marks(gateway.gateway)).length, 0);
});

test("another frame under a known number is a fork, by stick as by road", async (t) => {
  const { gateway, key, stick } = newCarrier(t);
  const [dictionary, one, two] = someFrames(gateway);
  assert.ok(dictionary !== undefined && one !== undefined && two !== undefined);
  const accept = fingerprintOf(key.publicKey);
  await importFrom(await exportOf(stick, gateway, key, [dictionary, one, two]), accept);
  const ended = await importFrom(await exportOf(stick, gateway, key, [forked(two)]), accept);
  assert.ok(!isRefusal(ended));
  assert.deepEqual([ended.stored, ended.quarantined], [0, 1]);
});

test("a file that is handed over changed, or without a beginning, is refused", async (t) => {
  const { gateway, key, stick } = newCarrier(t);
  const exported = await exportOf(stick, gateway, key, someFrames(gateway));
  const manifest = readFileSync(join(exported, "manifest.json"));
  const bytes = readFileSync(join(exported, "frames-000001.mwf"));
  const { importer, store } = hub();
  assert.ok(isRefusal(await importer.file("", "frames-000001.mwf", bytes)));
  const begun = await importer.begin(manifest, fingerprintOf(key.publicKey));
  assert.ok(!isRefusal(begun));
  bytes[50] = (bytes[50] ?? 0) ^ 1;
  assert.ok(isRefusal(await importer.file(begun.session, "frames-000001.mwf", bytes)));
  assert.ok(isRefusal(await importer.file(begun.session, "../frames-000001.mwf", bytes)));
  assert.equal((await store.marks(gateway.gateway)).length, 0);
  writeFileSync(join(exported, "manifest.json"), manifest.subarray(0, 300));
  assert.ok(isRefusal(await importer.begin(manifest.subarray(0, 300), undefined)));
});

/** Asks the door to pin, as the command does. */
async function openDoor(
  t: TestContext,
): Promise<(gateway: string, fingerprint: string) => Promise<string>> {
  const dataFolder = mkdtempSync(join(tmpdir(), "hub-door-"));
  const door = createCarrierDoor({
    dataFolder,
    key: hubKey,
    parts: hub,
    clock: systemClock,
    log: silentLog,
  });
  await door.start();
  t.after(async () => {
    await door.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  });
  return async (gateway, fingerprint) => {
    const query = new URLSearchParams({ gateway, fingerprint }).toString();
    const answer = await callDoor(carrierFilesOf(dataFolder).door, `/pin?${query}`);
    return isRefusal(answer) ? answer.reason : new TextDecoder().decode(answer);
  };
}

async function auditOf(gateway: GatewayId): Promise<readonly (readonly [string, string])[]> {
  const pool = openPool({
    url: database.url(),
    connectionsMax: 1,
    statementMs: 10_000,
    log: silentLog,
  });
  try {
    assert.equal(await brokenAudit(pool), undefined);
    const found = await pool.query<{ actor: string; details: { fingerprint: string } }>(
      "select actor, details from audit_log where details->>'gateway' = $1 order by no",
      [gateway],
    );
    return found.rows.map(({ actor, details }) => [actor, details.fingerprint]);
  } finally {
    await pool.end();
  }
}
