import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import type { OfferedPoint } from "../../acquire/driver.ts";
import { loadSettings } from "../../settings/load-settings.ts";
import { connectCommand } from "./connect.ts";
import { parseConnectOptions, parseSets } from "./options.ts";
import { toTagRow } from "./picked-tag.ts";
import { saveDevice } from "./save-device.ts";

/** The words of an answer that is a refusal. */
function words(answer: unknown): string {
  return typeof answer === "string" ? answer : "";
}

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "millwright-connect-"));
  t.after(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}

const device = {
  id: "meter",
  name: "Meter",
  protocol: "modbus",
  connection: { framing: "tcp", host: "127.0.0.1", port: 502, unit: 1 },
  rows: [{ id: "meter/a", name: "A", address: "holding:1", type: "uint16", unit: "bar" }],
};

test("a saved device is settings that the gateway starts with", (t) => {
  const file = join(folder(t), "gateway.yaml");
  const saved = saveDevice(file, device);
  assert.equal(typeof saved, "object");
  const settings = loadSettings(file);
  const meter = settings.devices.find((each) => each.id === "meter");
  assert.equal(meter?.tags[0]?.tag.unit, "bar");
});

test("comments and other devices of the settings stay as they were", (t) => {
  const file = join(folder(t), "gateway.yaml");
  writeFileSync(
    file,
    "# by hand\ngateway: { id: g, name: G } # ours\njournal: { folder: j }\ndevices:\n  - id: old # keep\n    protocol: health\n    tags: []\n",
  );
  assert.equal(typeof saveDevice(file, device), "object");
  const text = readFileSync(file, "utf8");
  for (const kept of ["# by hand", "# ours", "- id: old # keep"])
    assert.ok(text.includes(kept), kept);
});

test("a device that exists already is not written over", (t) => {
  const file = join(folder(t), "gateway.yaml");
  saveDevice(file, device);
  const before = readFileSync(file, "utf8");
  assert.match(words(saveDevice(file, device)), /has a device meter already/);
  assert.equal(readFileSync(file, "utf8"), before);
});

test("--set makes groups by dots and takes numbers and truth as such", () => {
  assert.deepEqual(
    parseSets(["url=opc.tcp://h:1", "user.kind=password", "port=502", "history=true"]),
    {
      url: "opc.tcp://h:1",
      user: { kind: "password" },
      port: 502,
      history: true,
    },
  );
  assert.match(words(parseSets(["nothing"])), /not of the form key=value/);
});

test("what is missing on the command line is asked for in words", () => {
  assert.match(words(parseConnectOptions([])), /say the protocol/);
  assert.match(
    words(parseConnectOptions(["--protocol", "opcua"])),
    /what the device shall be called/,
  );
});

test("the id of a tag comes from its path, is valid, and never repeats", () => {
  const offer: OfferedPoint = {
    address: "x",
    path: "Objects / Anlage 1 / Öl-Druck (bar)",
    name: "Öl-Druck",
    type: "float64",
    unit: "°C",
    value: 1,
    status: 0,
    writable: false,
  };
  const first = toTagRow(offer, "press", 1_000, new Set());
  const second = toTagRow(offer, "press", 1_000, new Set([first["id"] ?? ""]));
  assert.equal(first["id"], "press/objects/anlage-1/l-druck-bar");
  assert.equal(second["id"], "press/objects/anlage-1/l-druck-bar-2");
  assert.equal(first["unit"], "Cel");
});

/** A Modbus TCP device that answers every read of holding registers with 42. */
async function meter(t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      const count = bytes.readUInt16BE(10);
      const answer = Buffer.alloc(9 + count * 2);
      bytes.copy(answer, 0, 0, 8);
      answer.writeUInt16BE(3 + count * 2, 4);
      answer.writeUInt8(count * 2, 8);
      for (let at = 0; at < count; at++) answer.writeUInt16BE(42, 9 + at * 2);
      socket.write(answer);
    });
    t.after(() => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  return (server.address() as { readonly port: number }).port;
}

test("connect shows a live value before it saves, and saves only when asked", async (t) => {
  const file = join(folder(t), "gateway.yaml");
  const port = await meter(t);
  const args = [
    ...["--settings", file, "--protocol", "modbus", "--device", "meter"],
    ...[
      "--set",
      "framing=tcp",
      "--set",
      "host=127.0.0.1",
      "--set",
      `port=${port}`,
      "--set",
      "unit=1",
    ],
    ...["--pick", "holding:7=uint16"],
  ];
  let printed = "";
  const context = {
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    out: {
      write(text: string) {
        printed += text;
      },
    },
    until: new AbortController().signal,
  };
  const looked = await connectCommand.run(args, context);
  const shown = printed;
  assert.throws(() => readFileSync(file), "nothing is written without --save");
  const saved = await connectCommand.run([...args, "--save"], context);
  assert.deepEqual([looked, saved], [0, 0]);
  assert.match(shown, /meter\/holding-7\s+holding:7\s+uint16\s+42/);
  assert.equal(loadSettings(file).devices[0]?.tags[0]?.point.address, "holding:7");
});
