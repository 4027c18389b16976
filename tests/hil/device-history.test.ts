/**
 * What a gateway missed while it was down is had from the device's own history, because a person ordered it: a real plant, a
 * real gateway, a real hub. The control is the same order for what the gateway has.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Hub } from "@millwright/cloud-hub";
import { loadSettings, runRuntime } from "@millwright/edge-runtime";
import { runServices, seededRandom, silentLog, systemClock } from "@millwright/kit";
import { startPlant, type Plant } from "@millwright/virtual-plant";
import { stringify } from "yaml";

import { plainHub } from "./plain-hub.ts";
import { waitFor } from "./wait-for.ts";

interface Order {
  readonly id: number;
  readonly state: string;
  readonly healed: number;
  readonly note: string;
  readonly comparison?: {
    readonly agrees: boolean;
    readonly tags: readonly {
      readonly gateway: { readonly samples: number };
      readonly hub: { readonly samples: number };
    }[];
  };
}

interface Entry {
  readonly reason: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly repair: string;
  readonly charged?: { readonly kind: string; readonly samples?: number };
}

const folder = mkdtempSync(join(tmpdir(), "millwright-device-history-"));
const patienceMs = 30_000;
const tag = "pump-1/current";
const noHistory = "pump-1/mode";
const base = "/api/gateways/gw-1";
const stopping = new AbortController();
let plant: Plant;
let hub: Hub;
let hubRuns: Promise<void>;

before(async () => {
  // The database, which root may not run, has to pass through.
  chmodSync(folder, 0o711);
  plant = await startPlant({ dataFolder: join(folder, "plant"), protocols: ["opcua"] });
  hub = plainHub(folder);
  hubRuns = runServices(hub.services, stopping.signal, 20_000);
  await waitFor("the hub", patienceMs, () => hub.status().console !== "" && hub.views.metrics());
});
after(async () => {
  stopping.abort();
  await hubRuns.catch(() => undefined);
  await plant.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @param run makes its random numbers others @returns what stops it, as a person does: no subscription is left in the plant */
async function startGateway(run: string): Promise<() => Promise<void>> {
  const home = join(folder, "gw-1");
  mkdirSync(home, { recursive: true });
  const node = (name: string): string => `nsu=urn:millwright:virtual-plant;s=Pump1.${name}`;
  const file = join(home, "gateway.yaml");
  writeFileSync(
    file,
    stringify({
      gateway: { id: "gw-1", name: "gw-1" },
      hub: { url: hub.status().broker, credentialsFile: hub.status().gatewayCredentials },
      journal: { folder: "journal", commitEveryMs: 100 },
      hmi: { port: 0 },
      devices: [
        {
          id: "pump-1",
          protocol: "opcua",
          connection: { url: plant.endpoints.opcua?.url, security: "none-i-accept-plain-text" },
          tags: [
            {
              id: tag,
              name: "Current",
              address: node("Motor.Current"),
              type: "float64",
              unit: "A",
            },
            { id: noHistory, name: "Mode", address: node("Mode"), type: "int32" },
          ],
        },
      ],
    }),
  );
  const end = new AbortController();
  const ready = Promise.withResolvers<true>();
  const runs = runRuntime(
    {
      settings: loadSettings(file),
      software: "test",
      clock: systemClock,
      random: seededRandom(run),
      log: silentLog,
      ready: () => {
        ready.resolve(true);
      },
    },
    end.signal,
  );
  await Promise.race([ready.promise, runs]);
  return async () => {
    end.abort();
    await runs;
  };
}

async function ask(path: string, body?: object): Promise<Response> {
  return await fetch(`${hub.status().console}${base}${path}`, {
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    headers: { "Content-Type": "application/json" },
  });
}

async function ledgerOf(of: string, fromUs: number, toUs: number): Promise<readonly Entry[]> {
  const answer = await ask(`/ledger?tag=${encodeURIComponent(of)}&from=${fromUs}&to=${toUs}`);
  return (await answer.json()) as readonly Entry[];
}

async function order(wish: object): Promise<Order> {
  const answer = await ask("/repairs", wish);
  const body = await answer.text();
  assert.equal(answer.status, 201, body);
  const { id } = JSON.parse(body) as Order;
  return await waitFor(`the end of order ${id}`, patienceMs, async () => {
    const orders = (await (await ask("/repairs")).json()) as readonly Order[];
    return orders.find(
      (one) => one.id === id && (one.comparison !== undefined || one.state === "refused"),
    );
  });
}

test("a gap of a gateway that was down is read from the device that kept it, once, and the ledger is settled", async (t) => {
  const beganUs = Date.now() * 1_000;
  const stop = await startGateway("before");
  t.after(stop);
  await waitFor("values at the hub", patienceMs, () => {
    const row = hub.views.gateways().find(({ gateway }) => gateway === "gw-1");
    return (row?.storedSamples ?? 0) > 20;
  });
  await stop();
  const downUs = Date.now() * 1_000;
  // Not a wait for something: this is how much the gateway misses.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const upUs = Date.now() * 1_000;
  t.after(await startGateway("after"));

  const gap = await waitFor("the gap, with an offer", patienceMs, async () => {
    const entries = await ledgerOf(tag, beganUs, upUs);
    return entries.find(
      ({ repair, fromUs, toUs }) => repair === "device" && fromUs < upUs && toUs > downUs,
    );
  });
  const range = { tags: [tag], fromUs: downUs, toUs: upUs };

  // The control: the gateway has nothing of it.
  const control = await order(range);
  assert.equal(control.comparison?.tags[0]?.hub.samples, 0, gap.reason);

  const done = await order({ ...range, source: "device" });
  assert.equal(done.state, "done", done.note);
  assert.equal(done.note, "");
  assert.ok(done.comparison?.agrees, JSON.stringify(done.comparison));
  const samples = done.comparison.tags[0]?.hub.samples ?? 0;
  assert.ok(samples >= 3, `${samples} samples of 4 s`);
  assert.equal(done.healed, samples);

  const again = await order({ ...range, source: "device" });
  assert.equal(again.healed, 0, "nothing is counted twice");
  assert.equal(again.comparison?.tags[0]?.gateway.samples, samples);
  assert.equal(again.comparison.tags[0].hub.samples, samples);
  const settled = await ledgerOf(tag, downUs, upUs);
  for (const { reason, charged } of settled) {
    assert.deepEqual(charged?.samples ?? 0, 0, `${reason} still stands for something`);
  }
  const row = hub.views.gateways().find(({ gateway }) => gateway === "gw-1");
  assert.equal(row?.unexplained, 0);

  const refused = await ask("/repairs", { ...range, tags: [noHistory], source: "device" });
  assert.equal(refused.status, 409);
  assert.match(await refused.text(), /no device keeps a history of pump-1\/mode/);
  for (const { repair } of await ledgerOf(noHistory, downUs, upUs)) assert.equal(repair, "none");
});
