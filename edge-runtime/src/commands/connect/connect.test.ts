import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { loadSettings } from "../../settings/load-settings.ts";
import { SettingsFaulty } from "../../settings/problem.ts";
import type { CommandContext } from "../command.ts";
import { connectCommand } from "./connect.ts";
import { parseConnectFlags, parseSets } from "./options.ts";
import { toTagRow } from "./picked-tag.ts";
import { printTable } from "./text-table.ts";
import { nameAddresses, pickOf, pickOffers, type PickedPoint } from "./picks.ts";
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

const offer: PickedPoint = {
  address: "x",
  path: "Objects / Anlage 1 / Öl-Druck (bar)",
  name: "Öl-Druck",
  type: "float64",
  unit: "°C",
  value: 1,
  status: 0,
  writable: false,
  options: {},
};

const device = {
  id: "meter",
  entry: {
    name: "Meter",
    protocol: "modbus",
    connection: { framing: "tcp", host: "127.0.0.1", port: 502, unit: 1 },
  },
  rows: [{ id: "meter/a", name: "A", address: "holding:1", type: "uint16", unit: "bar" }],
};

test("a saved device is settings that the gateway starts with", (t) => {
  const file = join(folder(t), "gateway.yaml");
  const saved = saveDevice(file, device);
  assert.equal(typeof saved, "object");
  const settings = loadSettings(file);
  const meter = settings.devices.find((each) => each.id === "meter");
  assert.equal(meter?.tags.at(0)?.tag.unit, "bar");
});

test("comments, blank lines, long lines and other devices of the settings stay as they were", (t) => {
  const file = join(folder(t), "gateway.yaml");
  const written = `# by hand
# second line

gateway: { id: g, name: G } # ours

journal:
  folder: j # on the SSD
  # commitEveryMs: 100
devices:
  # the first one
  - id: old # keep
    protocol: health
    tags: [] # ${"long ".repeat(40)}
  # the end of the list
# the end of the file
`;
  writeFileSync(file, written);
  assert.equal(typeof saveDevice(file, device), "object");
  const text = readFileSync(file, "utf8");
  for (const line of written.split("\n")) assert.ok(text.includes(line), `"${line}" in\n${text}`);
  assert.equal(loadSettings(file).devices.length, 2);
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

test("a mistake on the command line is named with its option", () => {
  const wrong = (...args: readonly string[]): string => words(parseConnectFlags(args));
  assert.match(wrong("--nonsense"), /--nonsense/);
  assert.match(wrong("--every-ms", "5"), /--every-ms 5: must be/);
  assert.match(wrong("--max", "x"), /--max x: must be/);
  assert.match(wrong("--wait", "0"), /--wait 0: must be/);
  assert.match(wrong("--parameter", "host"), /--parameter host is not of the form/);
  assert.match(wrong("--template", "t.yaml", "--protocol", "mqtt"), /leave --protocol out/);
});

test("values are picked by address, by number, by range, and all", () => {
  const offers = ["a", "b,c", "d", "e"].map((address) => ({ ...offer, address }));
  const picked = (...wanted: readonly string[]): unknown => {
    const points = pickOffers(offers, wanted);
    return typeof points === "string" ? points : points.map(({ address }) => address);
  };
  assert.deepEqual(picked("a,e"), ["a", "e"]);
  assert.deepEqual(picked("b,c"), ["b,c"], "an address with a comma stands alone");
  assert.deepEqual(picked("4,1"), ["a", "e"]);
  assert.deepEqual(picked("2-3"), ["b,c", "d"]);
  assert.deepEqual(picked("all"), ["a", "b,c", "d", "e"]);
  assert.equal(picked("a,zz,9,0-1"), "not offered by the device: zz, 9, 0-1");
});

test("what a device says cannot steer the terminal", () => {
  let printed = "";
  const out = { write: (text: string) => (printed += text) };
  printTable(["value"], [["ab\u001b[2J\u0007\u009b"]], out);
  assert.equal(printed, "value\nab·[2J··\n");
});

test("what a probe shows can be taken as it is shown", () => {
  const line = { address: "holding:7", order: "CDAB", type: "float32", value: "1.5" };
  const taken = (change: Partial<typeof line>): unknown => {
    const [point] = nameAddresses([pickOf({ ...line, ...change })]);
    return [point?.address, point?.type, point?.options];
  };
  assert.deepEqual(taken({}), ["holding:7", "float32", { order: "CDAB" }]);
  assert.deepEqual(taken({ order: "ABCD" }), ["holding:7", "float32", {}]);
  assert.deepEqual(taken({ type: "bcd", order: "ABCD" }), [
    "holding:7",
    "uint16",
    { encoding: "bcd" },
  ]);
  assert.deepEqual(taken({ type: "string", order: "BADC", value: "ABC" }), [
    "holding:7",
    "string",
    { length: "4", swap: "yes" },
  ]);
  assert.deepEqual(taken({ address: "coil:3", order: "", type: "bool" }), ["coil:3", "bool", {}]);
});

test("the id of a tag comes from its path, is valid, and never repeats", () => {
  const first = toTagRow(offer, "press", "1000", new Set());
  const second = toTagRow(offer, "press", "1000", new Set([first["id"] ?? ""]));
  assert.equal(first["id"], "press/objects/anlage-1/l-druck-bar");
  assert.equal(second["id"], "press/objects/anlage-1/l-druck-bar-2");
  assert.equal(first["unit"], "Cel");
});

/** A Modbus TCP device with 42 in each of its first 100 holding registers; it refuses the others (exception 2). */
async function meter(t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      const count = bytes.readUInt16BE(10);
      const refuses = bytes.readUInt16BE(8) + count > 100;
      const answer = Buffer.alloc(refuses ? 9 : 9 + count * 2);
      bytes.copy(answer, 0, 0, 8);
      answer.writeUInt16BE(refuses ? 3 : 3 + count * 2, 4);
      if (refuses) answer.writeUInt8((bytes[7] ?? 0) | 0x80, 7);
      answer.writeUInt8(refuses ? 2 : count * 2, 8);
      for (let at = 0; !refuses && at < count; at++) answer.writeUInt16BE(42, 9 + at * 2);
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

interface Ran {
  readonly code: number;
  readonly printed: string;
  /** Each question with what it proposed. */
  readonly asked: readonly (readonly [string, string])[];
}

/** @param answers of the person at the terminal, in order; "" takes what is proposed. None: nobody sits there. */
async function connect(args: readonly string[], answers?: readonly string[]): Promise<Ran> {
  let printed = "";
  const asked: [string, string][] = [];
  const left = [...(answers ?? [])];
  const context: CommandContext = {
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    out: {
      write(text: string) {
        printed += text;
      },
    },
    ask:
      answers === undefined
        ? undefined
        : (question, otherwise) => {
            asked.push([question, otherwise]);
            const answer = left.shift();
            assert.ok(answer !== undefined, `nobody expected "${question}"`);
            return Promise.resolve(answer === "" ? otherwise : answer);
          },
    until: new AbortController().signal,
  };
  const code = await connectCommand.run(args, context);
  assert.deepEqual(left, [], "every answer was asked for");
  return { code, printed, asked };
}

function flagsFor(file: string, port: number, pick: string): readonly string[] {
  return [
    ...["--settings", file, "--protocol", "modbus", "--set", "host=127.0.0.1"],
    ...["--set", `port=${port}`, "--pick", pick],
  ];
}

test("connect shows a live value before it saves, and saves only when asked", async (t) => {
  const file = join(folder(t), "gateway.yaml");
  const args = flagsFor(file, await meter(t), "holding:7=uint16");
  const looked = await connect(args);
  assert.throws(() => readFileSync(file), "nothing is written without --save");
  assert.match(looked.printed, /modbus-1\/holding-7\s+holding:7\s+uint16\s+42/);
  assert.match(looked.printed, /Nothing was written/);
  const saved = await connect([...args, "--save"]);
  assert.deepEqual([looked.code, saved.code], [0, 0]);
  const [device] = loadSettings(file).devices;
  assert.equal(device?.id, "modbus-1", "a name is proposed where none is typed");
  assert.equal(device.tags.at(0)?.point.address, "holding:7");
});

test("byte order and other options of a pick reach the tag table", async (t) => {
  const file = join(folder(t), "gateway.yaml");
  const pick = "holding:0=uint32/CDAB,holding:4=string/length:6/swap:yes";
  const saved = await connect([...flagsFor(file, await meter(t), pick), "--save"]);
  assert.equal(saved.code, 0);
  assert.deepEqual(
    loadSettings(file).devices[0]?.tags.map(({ point }) => point.options),
    [{ order: "CDAB" }, { length: "6", swap: "yes" }],
  );
});

test("what could not be read is not written, unless it is wanted anyway", async (t) => {
  const file = join(folder(t), "gateway.yaml");
  const args = [...flagsFor(file, await meter(t), "holding:7,holding:500"), "--save"];
  const refused = await connect(args);
  assert.equal(refused.code, 2);
  assert.match(refused.printed, /holding:500\s+uint16\s+– \(/);
  assert.throws(() => readFileSync(file));
  assert.equal((await connect([...args, "--anyway"])).code, 0);
  assert.equal(loadSettings(file).devices[0]?.tags.length, 2);
});

test("a device that is not there yet is written only when it is wanted anyway", async (t) => {
  const file = join(folder(t), "gateway.yaml");
  // Port 1 of loopback: nobody listens there.
  const args = [...flagsFor(file, 1, "holding:7"), "--save"];
  assert.equal((await connect(args)).code, 2);
  assert.throws(() => readFileSync(file));
  assert.equal((await connect([...args, "--anyway"])).code, 0);
  assert.equal(loadSettings(file).devices[0]?.tags.length, 1);
});

test("a wrong type, a wrong option and a wrong connection are refused before anything is opened", async (t) => {
  const file = join(folder(t), "gateway.yaml");
  const faulty = async (pick: string, ...more: readonly string[]): Promise<string> => {
    try {
      await connect([...flagsFor(file, 1, pick), ...more]);
    } catch (failure) {
      return failure instanceof SettingsFaulty ? failure.message : assert.fail(String(failure));
    }
    return assert.fail("it was accepted");
  };
  assert.match(await faulty("holding:7=uint99"), /tags\[0\], column type: "uint99" is none of/);
  assert.match(await faulty("holding:7=uint32/XYZ"), /"order" is one of ABCD/);
  assert.match(await faulty("holding:70000"), /beyond the last address/);
  assert.match(await faulty("holding:7", "--set", "unit=999"), /modbus-1\.connection\.unit/);
});

test("without a person, what has no default is named with the option that says it", async (t) => {
  const file = join(folder(t), "gateway.yaml");
  const said: string[] = [];
  t.mock.method(process.stderr, "write", (text: string) => said.push(text) > 0);
  const codes = [
    await connect(["--settings", file]),
    await connect(["--settings", file, "--protocol", "profinet"]),
    await connect(["--settings", file, "--protocol", "modbus"]),
    await connect(["--settings", file, "--protocol", "opcua"]),
    await connect(["--settings", file, "--protocol", "modbus", "--device", "../x"]),
    await connect(flagsFor(file, 1, "all")),
    await connect(["--settings", file, "--template", "nowhere.yaml"]),
  ].map(({ code }) => code);
  t.mock.restoreAll();
  assert.deepEqual(new Set(codes), new Set([2]));
  const report = said.join("");
  for (const part of [
    "say the protocol: --protocol opcua, modbus",
    "--protocol profinet: is none of",
    "say --set host=… (Address of the device or gateway)",
    "say --set url=… (Address of the server",
    '--device ../x: may hold letters, digits, "-" and "_" only',
    "--pick all: a modbus device cannot say what it holds",
    "--template nowhere.yaml: does not exist",
  ]) {
    assert.ok(report.includes(part), `${part}\nin\n${report}`);
  }
});

test("at a terminal a person is led from nothing to a device that is read", async (t) => {
  const file = join(folder(t), "gateway.yaml");
  const port = await meter(t);
  const answers = [
    // A framing that does not exist, and an empty address, are asked again.
    ...["modbus", "", "tpc", "", "", "127.0.0.1", String(port), ""],
    // An address that the device refuses costs a question and nothing else.
    ...["holding:500", "holding:7", "1", "", "500", ""],
  ];
  const led = await connect(["--settings", file], answers);
  assert.equal(led.code, 0, led.printed);
  const proposed = led.asked.map(([, otherwise]) => otherwise);
  assert.deepEqual(proposed, [
    ...["opcua", "modbus-1", "tcp", "tcp", "", "", "502", "1"],
    ...["holding:0", "", "1", "", "1000", "yes"],
  ]);
  assert.match(led.printed, /Wrote .*modbus-1\.csv and .*gateway\.yaml/);
  const [device] = loadSettings(file).devices;
  assert.deepEqual(
    device?.tags.map(({ point }) => [point.address, point.type, point.everyMs]),
    [["holding:7", "uint16", 500]],
  );
});

test("a device that cannot stand beside the others on its line, or takes their tags, is not written", async (t) => {
  const place = folder(t);
  const file = join(place, "gateway.yaml");
  const port = await meter(t);
  const head = "gateway: { id: g, name: G }\njournal: { folder: j }\ndevices:\n";
  const first = (connection: string, tag: string): string =>
    `${head}  - id: first\n    protocol: modbus\n    connection: { framing: tcp, host: 127.0.0.1, port: ${port}${connection} }\n` +
    `    tags: [{ id: ${tag}, address: "holding:1", type: uint16 }]\n`;
  const args = [...flagsFor(file, port, "holding:7"), "--device", "m", "--save", "--anyway"];
  for (const written of [first(", concurrent: 4", "a"), first("", "m/holding-7")]) {
    writeFileSync(file, written);
    assert.equal((await connect(args)).code, 2);
    assert.equal(readFileSync(file, "utf8"), written);
    assert.deepEqual(
      readdirSync(place).toSorted(),
      ["gateway.yaml", "j"],
      "no table is left behind",
    );
  }
  writeFileSync(file, first("", "a"));
  assert.equal((await connect(args)).code, 0);
});

test("a no at the end writes nothing", async (t) => {
  const file = join(folder(t), "gateway.yaml");
  const args = [
    ...flagsFor(file, await meter(t), "holding:7"),
    "--set",
    "unit=1",
    "--set",
    "framing=tcp",
  ];
  const ran = await connect([...args, "--device", "m", "--every-ms", "1000"], ["no"]);
  assert.equal(ran.code, 0);
  assert.throws(() => readFileSync(file));
});

test("a template asks for its parameters, shows live values, and is written as a template", async (t) => {
  const place = folder(t);
  const file = join(place, "gateway.yaml");
  writeFileSync(
    join(place, "kiln.yaml"),
    "protocol: modbus\nparameters: { host: Address of the kiln, port: Port of the kiln }\n" +
      "connection: { framing: tcp, host: '{host}', unit: 1 }\ntags: kiln.csv\n",
  );
  writeFileSync(join(place, "kiln.csv"), "id,address,type\n{device}/zone,holding:1,uint16\n");
  const port = await meter(t);
  const args = ["--settings", file, "--template", join(place, "kiln.yaml")];
  // A parameter that only the connection below uses is asked for too: the template said so.
  const given = [...args, "--set", `port=${port}`, "--parameter", "host=127.0.0.1"];
  const ran = await connect(given, ["", String(port), ""]);
  assert.equal(ran.code, 0);
  assert.deepEqual(
    ran.asked.map(([question]) => question.split(" ").slice(0, 3).join(" ")),
    ["What the device", "Port of the", "Write 1 tags"],
  );
  assert.match(ran.printed, /kiln-1\/zone\s+holding:1\s+uint16\s+42/);
  assert.match(readFileSync(file, "utf8"), /template: kiln\.yaml/);
  assert.equal(loadSettings(file).devices[0]?.tags.at(0)?.tag.id, "kiln-1/zone");
});
