import assert from "node:assert/strict";
import { readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";

import { isRefusal, openKey, unpackFrames } from "@millwright/carrier";
import type { EndedImport } from "@millwright/cloud-hub/parts";
import { silentLog, type Refused } from "@millwright/kit";
import { judge, type Scenario, type Verdict } from "@millwright/scenario";
import { frameBytes, parseFrame, sealFrame, type Epoch } from "@millwright/wire-contract";

import { CarrierRig } from "./carrier.ts";
import { openPlant, type Edge, type Plant } from "./plant.ts";
import { judgeEvents } from "./played-events.ts";
import { readHub } from "./stored-samples.ts";

const scenario: Scenario = {
  name: "sticks",
  topology: { gateways: 1, tagsPerGateway: 5, everyMs: 100, commitEveryMs: 500 },
  forMs: 0,
  faults: [],
};
/** The way of a poll and its answer. */
const slackUs = 50_000;
/** Longest wait of the link, a go-back and a redelivery, twice over. */
const restMsMax = 300_000;

interface Rig {
  readonly plant: Plant;
  readonly edge: Edge;
  readonly carrier: CarrierRig;
}

/** A gateway that has read for half a minute and lost its device for some seconds, and whose cable is out. */
async function cutOff(t: TestContext, seed = 1): Promise<Rig> {
  const plant = await openPlant(scenario, seed, () => silentLog);
  t.after(() => plant[Symbol.asyncDispose]());
  const [edge] = plant.edges;
  assert.ok(edge !== undefined);
  edge.road.takeOut(true);
  await play(plant, 20_000);
  edge.device.leave();
  await play(plant, 5_000);
  edge.device.comeBack();
  await play(plant, 10_000);
  const carrier = new CarrierRig(plant, edge);
  t.after(() => carrier[Symbol.asyncDispose]());
  return { plant, edge, carrier };
}

async function play({ clock }: Plant, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 200) await clock.advance(200);
}

/** Until the hub has everything that the gateway ever kept. */
async function syncAll({ plant, edge }: Rig): Promise<void> {
  edge.gateway.fallQuiet();
  edge.road.putIn();
  await play(plant, 15_000);
  for (let ms = 0; !edge.gateway.atRest; ms += 1_000) {
    assert.ok(ms < restMsMax, await edge.gateway.standing());
    await play(plant, 1_000);
  }
}

/** @param repeats frames are told apart by their own identities; only after a restart samples are told twice on purpose */
async function judgeHub(
  { plant, edge }: Rig,
  repeats: "dropped" | "kept" = "kept",
): Promise<Verdict & { readonly unbalanced: number }> {
  const { store } = plant.database;
  const { gateway } = edge.gateway.options;
  const { samples, entries } = await readHub(store, gateway, repeats);
  const known = await store.gateway(gateway);
  const unbalanced = known?.balance.unexplained ?? 0;
  return { ...judge(edge.device.produced, samples, entries, slackUs), unbalanced };
}

/** Those that were kept until now, each once. */
async function mustHaveEvents({ plant, edge }: Rig): Promise<void> {
  const { events, gateway } = edge;
  assert.ok(events.kept.size > 0);
  const { store } = plant.database;
  assert.deepEqual(await judgeEvents(store, gateway.options.gateway, [events]), []);
}

function imported(outcome: EndedImport | Refused): EndedImport {
  assert.ok(!isRefusal(outcome), isRefusal(outcome) ? outcome.reason : "");
  return outcome;
}

test("a stick that comes twice, and a gateway that syncs later, leave each sample stored once and none unexplained", async (t) => {
  const rig = await cutOff(t);
  const exported = await rig.carrier.export();
  assert.ok(exported.samples > 1_000 && exported.files > 1);
  const first = imported(await rig.carrier.import(exported.folder));
  assert.equal(first.stored, exported.frames);
  assert.equal(first.quarantined, 0);
  const again = imported(await rig.carrier.import(exported.folder));
  assert.equal(again.stored, 0);
  assert.equal(again.repeated, exported.frames);

  await play(rig.plant, 10_000);
  await syncAll(rig);
  const verdict = await judgeHub(rig);
  assert.deepEqual(verdict.unexplained, []);
  assert.deepEqual(verdict.doubled, []);
  assert.deepEqual(verdict.disordered, []);
  assert.equal(verdict.unbalanced, 0);
  assert.ok(verdict.stored >= exported.samples / 2, "good samples are most of them");
  await mustHaveEvents(rig);
});

test("a gateway that never has a link brings its samples and its ledger by sticks alone", async (t) => {
  const rig = await cutOff(t);
  rig.edge.gateway.fallQuiet();
  await play(rig.plant, 2_000);
  // What is gathered for larger frames is sealed for the stick, and does not wait for the next one.
  const exported = await rig.carrier.export();
  const { marks } = imported(await rig.carrier.import(exported.folder));
  const verdict = await judgeHub(rig);
  assert.deepEqual(verdict.unexplained, [], "also what the device did not deliver is explained");
  assert.equal(verdict.unbalanced, 0);
  assert.equal(verdict.stored + verdict.explained, rig.edge.device.produced.length);
  await mustHaveEvents(rig);

  const { journal } = rig.edge.gateway;
  assert.ok(journal !== undefined);
  const before = journal.outbox.waiting();
  assert.equal(await rig.carrier.takeMarks(marks), undefined);
  // Of a hub that it had not known the gateway tells starts and dictionary once more; of the samples none waits.
  assert.ok(before.samples > 0);
  assert.equal(journal.outbox.waiting().samples, 0);
  const next = imported(await rig.carrier.import((await rig.carrier.export()).folder));
  assert.equal(await rig.carrier.takeMarks(next.marks), undefined);
  assert.equal(journal.outbox.waiting().frames, 0);
});

test("control: under identities of its own each import of the same samples doubles them", async (t) => {
  const rig = await cutOff(t);
  const { folder } = await rig.carrier.export();
  for (const epoch of ["a", "b"]) {
    const counts = await importAs(rig, folder, epoch.repeat(32) as Epoch);
    assert.ok(counts > 0);
  }
  assert.ok((await judgeHub(rig)).doubled.length > 0);
});

test("an old stick of a gateway that has started and synced since brings nothing new, and is no second gateway", async (t) => {
  const rig = await cutOff(t);
  const { gateway } = rig.edge;
  const { folder, frames } = await rig.carrier.export();
  await gateway.kill();
  await gateway.start();
  await syncAll(rig);
  const late = imported(await rig.carrier.import(folder));
  assert.deepEqual([late.stored, late.repeated, late.quarantined], [0, frames, 0]);
  const known = await rig.plant.database.store.gateway(gateway.options.gateway);
  assert.equal(
    known?.hello?.epochs.at(-1)?.epoch,
    gateway.journal?.epoch,
    "the newer hello stands",
  );
  const verdict = await judgeHub(rig, "dropped");
  assert.deepEqual([verdict.unexplained, verdict.doubled, verdict.unbalanced], [[], [], 0]);
});

test("a stretch of time is exported whole, and what lies around it is not", async (t) => {
  const rig = await cutOff(t);
  const all = await rig.carrier.export();
  const untilUs = rig.edge.clock.nowUs() - 28_000_000;
  const fromUs = untilUs - 5_000_000;
  const part = await rig.carrier.export({ fromUs, untilUs });
  assert.ok(part.samples > 0 && part.samples < all.samples / 2);
  imported(await rig.carrier.import(part.folder));
  const { samples } = await readHub(rig.plant.database.store, rig.edge.gateway.options.gateway);
  const wanted = rig.edge.device.produced.filter(
    ({ atUs }) => atUs > fromUs + slackUs && atUs < untilUs - slackUs,
  );
  const stored = new Set(samples.map(({ tag, value }) => `${tag} ${value}`));
  assert.ok(wanted.length > 0);
  for (const { tag, value } of wanted) assert.ok(stored.has(`${tag} ${value}`));
  await syncAll(rig);
  const verdict = await judgeHub(rig);
  assert.deepEqual([verdict.unexplained, verdict.doubled, verdict.unbalanced], [[], [], 0]);
});

describe("nothing is stored of a stick", () => {
  const attacks: readonly {
    readonly title: string;
    readonly words: RegExp;
    attack(rig: Rig, folder: string): Promise<void> | void;
  }[] = [
    {
      title: "when a byte of its only file was changed",
      words: /not those that were signed/,
      attack(_rig, folder) {
        for (const name of filesIn(folder)) {
          const bytes = readFileSync(join(folder, name));
          bytes[40] = (bytes[40] ?? 0) ^ 1;
          writeFileSync(join(folder, name), bytes);
        }
      },
    },
    {
      title: "when a file is a link",
      words: /links are not followed/,
      attack(_rig, folder) {
        for (const name of filesIn(folder)) {
          writeFileSync(join(folder, "..", name), readFileSync(join(folder, name)));
          unlinkSync(join(folder, name));
          symlinkSync(join(folder, "..", name), join(folder, name));
        }
      },
    },
    {
      title: "when its manifest was cut",
      words: /cut short/,
      attack(_rig, folder) {
        const path = join(folder, "manifest.json");
        writeFileSync(path, readFileSync(path).subarray(0, 500));
      },
    },
    {
      title: "when another key signed it than the gateway is known by",
      words: /is known by .* run: pin gateway-1/,
      async attack({ carrier, edge }) {
        const other = openKey(join(carrier.stick, "..", "other.pem"));
        await carrier.keys.pin(edge.gateway.options.gateway, other.publicKey, "test", 0);
      },
    },
  ];
  for (const one of attacks) {
    test(one.title, async (t) => {
      const rig = await cutOff(t);
      const { folder } = await rig.carrier.export();
      await one.attack(rig, folder);
      const outcome = await rig.carrier.import(folder);
      assert.ok(isRefusal(outcome));
      assert.match(outcome.reason, one.words);
      const { gateway } = rig.edge.gateway.options;
      const stored = await readHub(rig.plant.database.store, gateway);
      assert.equal(stored.samples.length, 0);
      // What was refused is still at the gateway, and comes by the next way.
      await syncAll(rig);
      assert.deepEqual((await judgeHub(rig)).unexplained, []);
    });
  }
});

describe("marks on a stick", () => {
  test("are not taken under a key that nobody has accepted, nor for another gateway", async (t) => {
    const rig = await cutOff(t);
    const { marks } = imported(await rig.carrier.import((await rig.carrier.export()).folder));
    assert.match((await rig.carrier.takeMarks(marks, "")) ?? "", /has not met this hub's key yet/);
    assert.match((await rig.carrier.takeMarks(marks, "1234")) ?? "", /not with 1234/);
    const changed = Uint8Array.from(marks);
    changed[60] = (changed[60] ?? 0) ^ 1;
    assert.notEqual(await rig.carrier.takeMarks(changed), undefined);
    const { journal } = rig.edge.gateway;
    assert.ok((journal?.outbox.waiting().samples ?? 0) > 0);
    assert.equal(await rig.carrier.takeMarks(marks), undefined);
    // Accepted once, it needs no fingerprint any more.
    assert.equal(await rig.carrier.takeMarks(marks, ""), undefined);
  });

  test("that were overtaken by what both sides agreed on since are refused", async (t) => {
    const rig = await cutOff(t);
    const old = imported(await rig.carrier.import((await rig.carrier.export()).folder));
    rig.plant.database.store.restart();
    const second = await rig.carrier.export();
    // The first import after a restart finds out; its file is refused, and the next one goes.
    await rig.carrier.import(second.folder);
    const fresh = imported(await rig.carrier.import(second.folder));
    assert.equal(await rig.carrier.takeMarks(fresh.marks), undefined);
    assert.match((await rig.carrier.takeMarks(old.marks)) ?? "", /were overtaken/);
  });
});

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".mwf"));
}

/** Takes the frames of an export in as another start of the gateway would have sealed them. @returns frames stored */
async function importAs(
  { plant, edge, carrier }: Rig,
  folder: string,
  epoch: Epoch,
): Promise<number> {
  const { ingest } = plant.hub;
  assert.ok(ingest !== undefined);
  let stored = 0;
  const chains = new Map<string, bigint>();
  for (const name of filesIn(folder)) {
    const frames = unpackFrames(readFileSync(join(folder, name)));
    assert.ok(!isRefusal(frames));
    const resealed = frames.map(({ lane, bytes }) => {
      const parsed = parseFrame(bytes);
      assert.ok(parsed.kind === "frame");
      const { head, body } = parsed;
      const sealed = sealFrame({ ...head, epoch }, chains.get(lane) ?? 0n, body);
      chains.set(lane, sealed.head.chain);
      return { lane, bytes: frameBytes(sealed) };
    });
    const { gateway } = edge.gateway.options;
    const taken = await carrier.played(
      ingest.takeCarried(resealed.map((frame) => ({ gateway, ...frame }))),
    );
    stored += taken.stored.length;
  }
  return stored;
}
