/** Our MQTT and Sparkplug drivers against Eclipse Mosquitto. Ends with one line: version, cases, result. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { promisify } from "node:util";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { encodePayload } from "@millwright/sparkplug-b";
import { status, type Scalar } from "@millwright/wire-contract";
import { connectAsync } from "mqtt";

import type {
  DriverContext,
  DriverSession,
  PointSettings,
} from "../../edge-runtime/src/acquire/driver.ts";
import { LinkLost, SettingsRefused } from "../../edge-runtime/src/acquire/faults.ts";
import { mqttDriver, type MqttSettings } from "../../edge-runtime/src/acquire/mqtt/mqtt-driver.ts";
import { sparkplugDriver } from "../../edge-runtime/src/acquire/mqtt/sparkplug-driver.ts";
import {
  asksCertificate,
  asksPassword,
  encrypted,
  findProgram,
  mosquittoVersion,
  startMosquitto,
  type Mosquitto,
} from "./mosquitto.ts";

const run = promisify(execFile);
const never = new AbortController().signal;
const program = await findProgram("mosquitto");

interface Row {
  readonly value: Scalar | undefined;
  readonly status: number;
}

interface Case {
  readonly name: string;
  /** Programs without which the case cannot run here. */
  readonly needs?: readonly string[];
  readonly run: (t: TestContext) => Promise<void>;
}

const versions = ["5", "3.1.1"] as const;

const cases: readonly Case[] = [
  ...versions.flatMap((version): Case[] => [
    {
      name: `MQTT ${version}: what is published while we are away comes afterwards, in order`,
      async run(t) {
        const broker = await started(t);
        const settings = settingsFor(broker, { version });
        const first = await open(t, settings);
        await publish(t, broker, ["0"]);
        await take(first, 1, true);
        await first.end(never);
        await publish(t, broker, numbers(1, 500));
        const second = await open(t, settings);
        assert.deepEqual(
          (await take(second, 500, true)).map(({ value }) => value),
          span(1, 500),
        );
      },
    },
    {
      name: `MQTT ${version}: what was not settled when the process died comes again, what was settled does not`,
      async run(t) {
        const broker = await started(t);
        const settings = settingsFor(broker, { version });
        const first = await open(t, settings);
        await publish(t, broker, numbers(0, 5));
        await take(first, 5, true);
        await publish(t, broker, numbers(5, 5));
        await take(first, 5, false);
        await first[Symbol.asyncDispose]();
        const second = await open(t, settings);
        assert.deepEqual(
          (await take(second, 5, true)).map(({ value }) => value),
          span(5, 5),
        );
      },
    },
    {
      name: `MQTT ${version}: 3,000 messages are read although none is settled`,
      async run(t) {
        const broker = await started(t);
        const session = await open(t, settingsFor(broker, { version }));
        await publish(t, broker, numbers(0, 3_000));
        assert.deepEqual(
          (await take(session, 3_000, false)).map(({ value }) => value),
          span(0, 3_000),
        );
      },
    },
  ]),
  {
    name: "a retained message is the last usable value, and does not come again with MQTT 5 after a reconnect",
    async run(t) {
      const broker = await started(t);
      await publish(t, broker, ["7"], true);
      const settings = settingsFor(broker);
      const first = await open(t, settings);
      assert.deepEqual(await take(first, 1, true), [
        { value: 7, status: status.uncertainLastUsable },
      ]);
      await first.end(never);
      const second = await open(t, settings);
      await publish(t, broker, ["8"]);
      assert.deepEqual(await take(second, 1, true), [{ value: 8, status: status.good }]);
    },
  },
  {
    name: "a broker that is stopped and started again is LinkLost, and its sessions hold",
    async run(t) {
      const broker = await started(t);
      const settings = settingsFor(broker);
      const first = await open(t, settings);
      await publish(t, broker, numbers(0, 3));
      await take(first, 3, false);
      await broker.stop("SIGTERM");
      await assert.rejects(take(first, 1, false), LinkLost);
      await first[Symbol.asyncDispose]();
      await broker.start();
      const second = await open(t, settings);
      assert.deepEqual(
        (await take(second, 3, true)).map(({ value }) => value),
        span(0, 3),
      );
    },
  },
  {
    name: "a wrong password is refused, the right one is taken",
    needs: ["mosquitto_passwd"],
    async run(t) {
      const passwd = (await findProgram("mosquitto_passwd")) ?? "";
      const broker = await started(t, (folder) => asksPassword(passwd, folder, "gw", "secret"));
      const passwordFile = join(broker.folder, "password");
      for (const version of versions) {
        const settings = settingsFor(broker, { version, user: "gw", passwordFile });
        await writeFile(passwordFile, "wrong");
        await assert.rejects(mqttDriver.open(settings, points, context(), never), SettingsRefused);
        await writeFile(passwordFile, "secret\n");
        await open(t, settings);
      }
    },
  },
  {
    name: "an encrypted broker is trusted by its authority, and refused without",
    needs: ["openssl"],
    async run(t) {
      const openssl = (await findProgram("openssl")) ?? "";
      const broker = await started(t, (folder) => encrypted(openssl, folder));
      const url = `mqtts://127.0.0.1:${broker.port}`;
      await assert.rejects(
        mqttDriver.open(settingsFor(broker, { url }), points, context(), never),
        (failure) => failure instanceof SettingsRefused && /caFile/.test(failure.hint),
      );
      await open(t, settingsFor(broker, { url, caFile: join(broker.folder, "cert.pem") }));
    },
  },
  {
    name: "a broker that asks for a certificate takes that of its authority, and nobody without one",
    needs: ["openssl"],
    async run(t) {
      const openssl = (await findProgram("openssl")) ?? "";
      const broker = await started(t, async (folder) => [
        ...(await encrypted(openssl, folder)),
        ...(await asksCertificate(openssl, folder)),
      ]);
      const fileOf = (name: string): string => join(broker.folder, name);
      const url = `mqtts://127.0.0.1:${broker.port}`;
      for (const version of versions) {
        const settings = settingsFor(broker, { url, version, caFile: fileOf("cert.pem") });
        await assert.rejects(
          mqttDriver.open(settings, points, context(), never),
          (failure) => failure instanceof SettingsRefused && /certificateFile/.test(failure.hint),
        );
        await open(t, {
          ...settings,
          ...{ certificateFile: fileOf("client.pem"), keyFile: fileOf("client-key.pem") },
        });
      }
    },
  },
  {
    name: "what Mosquitto's own client publishes is read digit by digit",
    needs: ["mosquitto_pub"],
    async run(t) {
      const pub = (await findProgram("mosquitto_pub")) ?? "";
      const broker = await started(t);
      const session = await open(t, settingsFor(broker), [
        { ...point, address: "plant/json#$.energy.total", type: "uint64" },
      ]);
      const message = '{"energy":{"total":18446744073709551615}}';
      await run(pub, ["-p", String(broker.port), "-t", "plant/json", "-q", "1", "-m", message]);
      assert.deepEqual(
        (await take(session, 1, true)).map(({ value }) => value),
        [2n ** 64n - 1n],
      );
    },
  },
  {
    name: "Sparkplug: births are asked for, and the will of a killed node makes its values stale",
    async run(t) {
      const broker = await started(t);
      const bdSeq = { name: "bdSeq", datatype: 8, value: { kind: "long", value: 3n } } as const;
      const node = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
        will: {
          topic: "spBv1.0/G/NDEATH/N",
          payload: Buffer.from(encodePayload({ metrics: [bdSeq] })),
          qos: 1,
          retain: false,
        },
        reconnectPeriod: 0,
      });
      // The node says nothing by itself: only the request makes it speak.
      node.on("message", () => {
        const birth = encodePayload({ timestampMs: 1, seq: 0, metrics: [bdSeq] });
        const temperature = {
          name: "Temp",
          datatype: 10,
          value: { kind: "double", value: 71.5 },
        } as const;
        const device = encodePayload({ timestampMs: 1, seq: 1, metrics: [temperature] });
        node.publish("spBv1.0/G/NBIRTH/N", Buffer.from(birth));
        node.publish("spBv1.0/G/DBIRTH/N/D", Buffer.from(device));
      });
      await node.subscribeAsync("spBv1.0/G/NCMD/N", { qos: 1 });
      const session = await sparkplugDriver.open(
        sparkplugDriver.settings.parse({ url: `mqtt://127.0.0.1:${broker.port}`, clientId: "gw" }),
        [{ ...point, address: "G/N/D/Temp" }],
        context(),
        never,
      );
      t.after(() => session[Symbol.asyncDispose]());
      assert.deepEqual(await take(session, 1, true), [{ value: 71.5, status: status.good }]);
      node.stream.destroy();
      assert.deepEqual(
        (await take(session, 1, true)).map((row) => row.status),
        [status.badNoCommunication],
      );
      // Before the broker is taken away: that would be a link that was lost, and charged.
      await session[Symbol.asyncDispose]();
    },
  },
];

const point: PointSettings = {
  tag: "a",
  address: "plant/a",
  type: "float64",
  everyMs: 1_000,
  options: {},
};
const points = [point];

function started(
  t: TestContext,
  prepare?: (folder: string) => Promise<readonly string[]>,
): Promise<Mosquitto> {
  return startMosquitto(program ?? "", prepare).then((broker) => {
    t.after(() => broker.remove());
    return broker;
  });
}

function settingsFor(broker: Mosquitto, more: Partial<MqttSettings> = {}): MqttSettings {
  return mqttDriver.settings.parse({
    url: `mqtt://127.0.0.1:${broker.port}`,
    clientId: "gw",
    ...more,
  });
}

function context(): DriverContext {
  return {
    device: "cell",
    clock: systemClock,
    random: seededRandom("interop"),
    log: silentLog,
    queueMax: 50_000,
    stateFolder: "",
    due: () => undefined,
    lost: (_point, count, reason) => assert.fail(`${count} lost: ${reason}`),
    proven: () => undefined,
    note: () => undefined,
    badge: () => undefined,
  };
}

async function open(
  t: TestContext,
  settings: MqttSettings,
  read: readonly PointSettings[] = points,
): Promise<DriverSession> {
  const session = await mqttDriver.open(settings, read, context(), never);
  t.after(() => session[Symbol.asyncDispose]());
  return session;
}

async function publish(
  t: TestContext,
  broker: Mosquitto,
  payloads: readonly string[],
  retain = false,
): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, { reconnectPeriod: 0 });
  t.after(() => client.endAsync(true));
  await Promise.all(
    payloads.map((each) => client.publishAsync("plant/a", each, { qos: 1, retain })),
  );
}

async function take(session: DriverSession, count: number, settle: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of session.readings(AbortSignal.timeout(60_000))) {
    for (let row = 0; row < batch.count; row++) {
      rows.push({
        value: batch.wide?.get(row) ?? batch.value[row],
        status: batch.status[row] ?? NaN,
      });
    }
    if (settle) await batch.settle?.();
    if (rows.length >= count) break;
  }
  return rows;
}

function span(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}

function numbers(from: number, count: number): string[] {
  return span(from, count).map(String);
}

test("MQTT against Mosquitto", async (t) => {
  if (program === undefined) {
    t.diagnostic("mqtt: Mosquitto: not reachable here (no mosquitto in PATH)");
    t.skip("no mosquitto here");
    return;
  }
  let passed = 0;
  const absent: string[] = [];
  for (const { name, needs, run: play } of cases) {
    const missing = [];
    for (const each of needs ?? []) if ((await findProgram(each)) === undefined) missing.push(each);
    if (missing.length > 0) {
      absent.push(`"${name}" needs ${missing.join(", ")}`);
      continue;
    }
    await t.test(name, async (inner) => {
      await play(inner);
      passed++;
    });
  }
  const skipped = absent.length === 0 ? "" : `; not reachable here: ${absent.join("; ")}`;
  const result = passed + absent.length === cases.length ? "passed" : "failed";
  t.diagnostic(
    `mqtt: Mosquitto ${await mosquittoVersion(program)}: ${passed} cases, ${result}${skipped}`,
  );
});
