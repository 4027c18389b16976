/** What a write is over MQTT 5, seen from the other end of the wire; the embedded broker of the other tests speaks 3.1.1. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";

import type { DriverSession } from "../driver.ts";
import { mqttDriver } from "./mqtt-driver.ts";
import { writeExpiryS } from "./topic-write.ts";

/** MQTT 5.0, 3.4.2.1; "cut": the connection ends instead. */
type Answer = number | "cut";

interface Heard {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  /** MQTT 5.0, 3.3.2.3.3 (property 2). */
  readonly expiryS: number | undefined;
}

/** Takes connections and answers each publish as it is told. */
async function startBroker(t: TestContext, answer: () => Answer): Promise<[url: string, Heard[]]> {
  const heard: Heard[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let pending = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      // Every packet of these tests is shorter than 128 bytes, so its length is one byte.
      while (pending.length >= 2 && pending.length >= 2 + (pending[1] ?? 0)) {
        const packet = pending.subarray(0, 2 + (pending[1] ?? 0));
        pending = pending.subarray(packet.length);
        const type = (packet[0] ?? 0) >>> 4;
        if (type === 1) socket.write(Uint8Array.of(0x20, 3, 0, 0, 0));
        if (type === 8) {
          socket.write(Uint8Array.of(0x90, 4, packet[2] ?? 0, packet[3] ?? 0, 0, 1));
        }
        if (type !== 3) continue;
        const [publish, id] = readPublish(packet);
        heard.push(publish);
        const code = answer();
        if (code === "cut") socket.destroy();
        else socket.write(Uint8Array.of(0x40, 3, id >>> 8, id & 255, code));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return [`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, heard];
}

function readPublish(packet: Buffer): [Heard, id: number] {
  const flags = packet[0] ?? 0;
  const topicEnd = 4 + packet.readUInt16BE(2);
  const properties = packet[topicEnd + 2] ?? 0;
  const at = topicEnd + 3;
  return [
    {
      topic: packet.toString("utf8", 4, topicEnd),
      payload: packet.toString("utf8", at + properties),
      qos: (flags >>> 1) & 3,
      retain: (flags & 1) === 1,
      expiryS: packet[at] === 2 ? packet.readUInt32BE(at + 1) : undefined,
    },
    packet.readUInt16BE(topicEnd),
  ];
}

async function openOn(t: TestContext, url: string): Promise<DriverSession> {
  const stateFolder = await mkdtemp(join(tmpdir(), "mqtt5-"));
  t.after(() => rm(stateFolder, { recursive: true }));
  const session = await mqttDriver.open(
    mqttDriver.settings.parse({ url, clientId: "gw-1", version: "5" }),
    [
      {
        tag: "a",
        address: "m/a",
        type: "float64",
        everyMs: 100,
        options: { write_topic: "m/set" },
      },
    ],
    {
      device: "m",
      clock: systemClock,
      random: seededRandom(1),
      log: silentLog,
      queueMax: 10,
      stateFolder,
      due: () => undefined,
      lost: () => undefined,
      proven: () => undefined,
      note: () => undefined,
      badge: () => undefined,
    },
    new AbortController().signal,
  );
  t.after(() => session[Symbol.asyncDispose]());
  return session;
}

const never = new AbortController().signal;

test("a write ends by itself at the broker, so that a device which was away never gets it", async (t) => {
  const [url, heard] = await startBroker(t, () => 0);
  const session = await openOn(t, url);
  assert.deepEqual(await session.write(0, 80.5, never), { kind: "accepted" });
  assert.deepEqual(heard, [
    { topic: "m/set", payload: "80.5", qos: 1, retain: false, expiryS: writeExpiryS },
  ]);
});

test("what the broker does not take is refused, and what it does not answer is unknown", async (t) => {
  let answer: Answer = 135;
  const [url] = await startBroker(t, () => answer);
  const session = await openOn(t, url);
  const refused = await session.write(0, 1, never);
  assert.ok(refused.kind === "refused" && /Not authorized/.test(refused.reason));
  answer = "cut";
  assert.equal((await session.write(0, 2, never)).kind, "unknown");
});
