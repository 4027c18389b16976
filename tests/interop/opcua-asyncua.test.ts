/** Our OPC UA driver against the independent Python stack asyncua. Ends with one line: version, cases, result. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { status, type LossReason, type Scalar, type ValueType } from "@millwright/wire-contract";

import type {
  DriverContext,
  DriverSession,
  OfferedPoint,
  PointSettings,
} from "../../edge-runtime/src/acquire/driver.ts";
import type {
  ConditionNews,
  MachineCondition,
} from "../../edge-runtime/src/acquire/machine-condition.ts";
import { LinkLost, SettingsRefused } from "../../edge-runtime/src/acquire/faults.ts";
import {
  acceptServerCertificate,
  inspectServer,
  opcuaDriver,
} from "../../edge-runtime/src/acquire/opcua/opcua-driver.ts";
import { findAsyncua, type AsyncuaServer } from "./asyncua-server.ts";

const never = new AbortController().signal;
const patienceMs = 30_000;
const namespace = "urn:millwright:interop";

const peer = await findAsyncua();
let passed = 0;
let shared: Promise<AsyncuaServer> | undefined;
const stateFolder = await mkdtemp(join(tmpdir(), "millwright-interop-opcua-"));
after(async () => {
  await (await shared)?.stop();
  await rm(stateFolder, { recursive: true, force: true });
  await peer?.remove();
  const result = passed === cases.length ? "all passed" : `${passed} of ${cases.length} passed`;
  console.log(
    peer === undefined
      ? "asyncua: not reachable here"
      : `asyncua ${peer.version}: ${cases.length} cases, ${result}`,
  );
});

interface Row {
  readonly point: number;
  readonly value: Scalar;
  readonly status: number;
}

class Conversation {
  readonly rows: Row[] = [];
  readonly losses: LossReason[] = [];
  proofs = 0;
  note = "";
  failure: unknown;
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();

  readonly context: DriverContext = {
    device: "asyncua",
    clock: systemClock,
    random: seededRandom("asyncua"),
    log: silentLog,
    queueMax: 10_000,
    stateFolder,
    due: () => undefined,
    lost: (_point, _count, reason) => this.losses.push(reason),
    proven: () => this.proofs++,
    note: (text) => {
      this.note = text;
    },
    badge: () => undefined,
  };

  read(session: DriverSession): void {
    this.#done = this.#read(session).catch((failure: unknown) => {
      this.failure = failure;
    });
  }

  values(point: number): Scalar[] {
    return this.rows.filter((row) => row.point === point).map((row) => row.value);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #read(session: DriverSession): Promise<void> {
    for await (const batch of session.readings(this.#stop.signal)) {
      for (let row = 0; row < batch.count; row++) {
        this.rows.push({
          point: batch.point[row] ?? -1,
          value: batch.wide?.get(row) ?? batch.value[row] ?? NaN,
          status: batch.status[row] ?? 0,
        });
      }
      await batch.settle?.();
    }
  }
}

function settingsFor(
  url: string,
  more: object = {},
): ReturnType<typeof opcuaDriver.settings.parse> {
  return opcuaDriver.settings.parse({
    url,
    security: "none-i-accept-plain-text",
    publishingMs: 100,
    keepAliveMs: 300,
    ...more,
  });
}

function point(name: string, type: ValueType = "float64", path = ""): PointSettings {
  return {
    tag: name,
    address: `nsu=${namespace};s=${name}`,
    type,
    everyMs: 100,
    options: path === "" ? {} : { path },
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!holds()) {
    assert.ok(performance.now() < endMs, `did not happen in time: ${what}`);
    await systemClock.sleep(10, never);
  }
}

interface Case {
  readonly name: string;
  readonly run: (server: AsyncuaServer) => Promise<void>;
}

async function converse(
  server: AsyncuaServer,
  points: readonly PointSettings[],
  more: object = {},
): Promise<{ readonly session: DriverSession; readonly seen: Conversation }> {
  const seen = new Conversation();
  const session = await opcuaDriver.open(
    settingsFor(server.url, more),
    points,
    seen.context,
    never,
  );
  seen.read(session);
  return { session, seen };
}

async function trust(server: AsyncuaServer): Promise<void> {
  const where = { device: "asyncua", stateFolder, clock: systemClock, log: silentLog };
  const shown = await inspectServer(settingsFor(server.url), where, never);
  const refused = await acceptServerCertificate(stateFolder, shown.certificate?.thumbprint ?? "");
  assert.equal(refused, undefined);
}

const cases: readonly Case[] = [
  {
    name: "values of all kinds arrive exactly, and changes in order",
    async run(server) {
      const { session, seen } = await converse(server, [
        point("Level"),
        point("Smallest", "int64"),
        point("Largest", "uint64"),
        point("Text", "string"),
        point("List", "int32", "[2]"),
        point("Absent"),
      ]);
      await until("the first values", () => seen.rows.length >= 6 && seen.proofs >= 3);
      assert.deepEqual(
        [1, 2, 3, 4].map((index) => seen.values(index)),
        [[-(2n ** 63n)], [2n ** 64n - 1n], ["Größe"], [30]],
      );
      assert.equal(seen.rows.find((row) => row.point === 5)?.status, status.badNodeIdUnknown);
      for (let value = 10; value < 20; value++) {
        server.set("Level", value);
        await until("the change", () => seen.values(0).includes(value));
      }
      assert.deepEqual(seen.values(0).slice(-10), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
      await seen.stop();
      await session.end(never);
    },
  },
  {
    name: "the fields of a structure that only the server describes are points",
    async run(server) {
      const { session, seen } = await converse(server, [
        point("Recipe", "float64", "Setpoint"),
        point("Recipe", "uint64", "Total"),
      ]);
      await until("the structure", () => seen.rows.length >= 2);
      assert.deepEqual(seen.values(0), [180.5]);
      assert.deepEqual(seen.values(1), [2n ** 53n + 1n]);
      await seen.stop();
      await session.end(never);
    },
  },
  {
    name: "a value that does not change is proven",
    async run(server) {
      const { session, seen } = await converse(server, [point("Constant")]);
      await until("proofs", () => seen.proofs >= 6);
      assert.deepEqual(seen.values(0), [7]);
      await seen.stop();
      await session.end(never);
    },
  },
  ...(["Basic256Sha256", "Aes256_Sha256_RsaPss"] as const).map((policy): Case => ({
    name: `encrypted with ${policy}, by name and password`,
    async run(server) {
      await trust(server);
      const passwordFile = join(stateFolder, "password");
      await writeFile(passwordFile, "correct horse");
      const more = {
        security: "sign-and-encrypt",
        policy,
        user: { kind: "password", name: "anna", passwordFile },
      };
      const { session, seen } = await converse(server, [point("Constant")], more);
      await until("the value", () => seen.values(0).includes(7));
      await seen.stop();
      await session.end(never);
      await writeFile(passwordFile, "wrong");
      await assert.rejects(
        opcuaDriver.open(settingsFor(server.url, more), [point("Level")], seen.context, never),
        SettingsRefused,
      );
    },
  })),
  {
    name: "a write is done in the type of the node",
    async run(server) {
      const { session, seen } = await converse(server, [point("Setpoint", "float32")]);
      await until("the value", () => seen.rows.length > 0);
      assert.deepEqual(await session.write(0, 2.5, never), { kind: "accepted" });
      await until("the new value", () => seen.values(0).includes(2.5));
      assert.equal((await session.write(0, "fast", never)).kind, "refused");
      await seen.stop();
      await session.end(never);
    },
  },
  {
    name: "browsing offers its points with their values",
    async run(server) {
      const offered: OfferedPoint[] = [];
      const { context } = new Conversation();
      const found = opcuaDriver.browse?.(settingsFor(server.url), context, 10_000, never) ?? [];
      for await (const one of found) offered.push(one);
      const largest = offered.find((one) => one.address === `nsu=${namespace};s=Largest`);
      assert.equal(largest?.value, 2n ** 64n - 1n);
      assert.equal(largest.path, "Machine / Largest");
    },
  },
  {
    name: "an alarm that came before the conversation is asked for, acknowledged at the server, and goes",
    async run(server) {
      server.alarm(true);
      const news: ConditionNews[] = [];
      const seen = new Conversation();
      const context = {
        ...seen.context,
        conditions: { notifier: "", tell: (one: ConditionNews) => news.push(one) },
      };
      const settings = settingsFor(server.url);
      const session = await opcuaDriver.open(settings, [point("Constant")], context, never);
      seen.read(session);
      const newest = (): MachineCondition | undefined =>
        news.flatMap((one) => (one.kind === "silent" ? [] : one.conditions)).at(-1);
      await until("all is asked for", () => news.some(({ kind }) => kind === "all"));
      const raised = newest();
      assert.ok(raised !== undefined);
      const { name, source, message, severity, active, acked, retain, branch } = raised;
      assert.deepEqual([name, source, message], ["Overheated", "Oven", "Chamber too hot"]);
      assert.deepEqual([severity, active, acked, retain, branch], [700, true, false, true, ""]);
      assert.equal(raised.condition, `nsu=${namespace};s=Overheated`);

      const { condition } = raised;
      const act = { act: "acknowledge", condition, comment: "Anna, at the gateway" } as const;
      const stale = await session.actOnCondition?.({ ...act, eventId: "00" }, never);
      assert.ok(stale?.kind === "refused");
      assert.match(stale.reason, /something newer/);
      const done = await session.actOnCondition?.({ ...act, eventId: raised.eventId }, never);
      assert.deepEqual(done, { kind: "accepted" });
      await until("it is acknowledged there", () => newest()?.acked === true);
      server.alarm(false);
      await until("it has gone", () => newest()?.active === false && newest()?.retain === false);
      await seen.stop();
      await session.end(never);
    },
  },
  {
    name: "a server that is killed is LinkLost, and what it left behind does not disturb a new one",
    async run(server) {
      const { session, seen } = await converse(server, [point("Level")]);
      await until("the subscription", () => seen.proofs >= 3);
      await server.stop();
      await until("the loss", () => seen.failure !== undefined);
      assert.ok(seen.failure instanceof LinkLost);
      const { resume } = session;
      await session[Symbol.asyncDispose]();
      assert.ok(peer !== undefined);
      const next = await peer.start();
      const again = new Conversation();
      const settings = settingsFor(next.url);
      const second = await opcuaDriver.open(
        settings,
        [point("Level")],
        again.context,
        never,
        resume,
      );
      again.read(second);
      await until("the value", () => again.rows.length > 0);
      assert.match(again.note, /made anew/);
      await again.stop();
      await second.end(never);
      await next.stop();
    },
  },
];

for (const { name, run } of cases) {
  const options = peer === undefined ? { skip: "asyncua: not reachable here" } : {};
  test(`asyncua: ${name}`, options, async () => {
    assert.ok(peer !== undefined);
    // The peer takes seconds to start, so the cases share one; the last case kills it.
    shared ??= peer.start();
    await run(await shared);
    passed++;
  });
}
