import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";

import { gatewayJsonSchema } from "./gateway-file.ts";
import { pageAddress, pageNames } from "./access-settings.ts";
import { loadSettings } from "./load-settings.ts";
import { SettingsFaulty } from "./problem.ts";
import { warningsOf } from "./plan-lines.ts";

function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "millwright-settings-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return join(folder, "gateway.yaml");
}

function problemsOf(file: string): readonly string[] {
  try {
    loadSettings(file);
  } catch (failure) {
    assert(failure instanceof SettingsFaulty);
    return failure.problems.map(({ where, what }) => `${where}: ${what}`);
  }
  return assert.fail("the settings were accepted");
}

const head = `
gateway: { id: line-1, name: Line 1, site: Brno }
journal: { folder: journal }
`;
const meter = `
devices:
  - id: meter
    protocol: modbus
    connection: { framing: tcp, host: 127.0.0.1, port: 502, unit: 1 }
    tags: meter.csv
`;

test("a device with a tag table becomes points for its driver and tags for the rest", (t) => {
  const settings = loadSettings(
    folderWith(t, {
      "gateway.yaml": head + meter,
      "meter.csv":
        "id;name;address;type;unit;device_unit;scale;low;high;order\n" +
        "meter/power;Power;holding:100;float32;kW;W;;0;10;CDAB\n" +
        "meter/temp;Temperature;input:4;int16;Cel;;0,1;;;\n",
    }),
  );
  const device = settings.devices.find((each) => each.id === "meter");
  const [power, temperature] = device?.tags ?? [];
  assert.equal(power?.point.options["order"], "CDAB");
  assert.equal(power.tag.scale, 0.001);
  assert.equal(power.tag.type, "float64");
  assert.equal(temperature?.tag.scale, 0.1, "a decimal comma is read where the separator is ;");
  assert.equal(settings.hmi.port, 8_081);
});

test("every gateway watches itself without being told", (t) => {
  const settings = loadSettings(folderWith(t, { "gateway.yaml": head }));
  const health = settings.devices.find((device) => device.driver.protocol === "health");
  assert.ok(health !== undefined && health.tags.length > 0);
});

test("all problems of all files come in one report, each with its place", (t) => {
  const problems = problemsOf(
    folderWith(t, {
      "gateway.yaml":
        head +
        `
devices:
  - id: meter
    protocol: modbus
    connection: { framing: tcp, host: 127.0.0.1, port: wrong, unit: 1 }
    tags: meter.csv
  - id: other
    protocol: profinet
    tags: []
`,
      "meter.csv": "id,address,type\nmeter/a,holding:70000,uint16\nmeter/b,holding:1,uint99\n",
    }),
  );
  const report = problems.join("\n");
  assert.match(report, /devices\[0\] \(meter\)\.connection\.port/);
  assert.match(report, /meter\.csv: row 3, column type: "uint99" is none of/);
  assert.match(report, /devices\[1\] \(other\)\.protocol: "profinet" is none of/);
});

test("an address outside the device, a wrong type and a duplicate tag are named by their cells", (t) => {
  const problems = problemsOf(
    folderWith(t, {
      "gateway.yaml": head + meter,
      "meter.csv":
        "id,address,type\nmeter/a,holding:70000,uint16\nmeter/b,holding:1,uint99\nmeter/c,holding:2,uint16\n",
    }),
  );
  assert.ok(
    problems.some((each) => /row 2, column address: /.test(each)),
    problems.join("\n"),
  );
  assert.ok(problems.some((each) => /row 3, column type: "uint99" is none of/.test(each)));

  const doubled = problemsOf(
    folderWith(t, {
      "gateway.yaml": head + meter,
      "meter.csv": "id,address,type\nmeter/a,holding:1,uint16\nmeter/a,holding:2,uint16\n",
    }),
  );
  assert.deepEqual(doubled, ["tag meter/a: is declared twice in device meter"]);
});

test("an unknown key is refused with a word about typing mistakes", (t) => {
  const [problem] = problemsOf(folderWith(t, { "gateway.yaml": `${head}\njurnal: {}\n` }));
  assert.match(problem ?? "", /does not know "jurnal"/);
});

test("a page that would listen beyond loopback is refused without access", (t) => {
  const [problem] = problemsOf(
    folderWith(t, { "gateway.yaml": `${head}\nhmi: { host: 10.0.0.8, port: 80 }\n` }),
  );
  assert.match(problem ?? "", /hmi\.host: must be a loopback address.*"access: \{\}"/);
});

test("with access the page may listen elsewhere, under names that are said, and on two ports", (t) => {
  const problems = problemsOf(
    folderWith(t, {
      "gateway.yaml": `${head}\nhmi: { host: 0.0.0.0, port: 8443 }\naccess: {}\n`,
    }),
  );
  assert.match(problems.join("\n"), /hmi\.names: needs the names and addresses/);
  assert.match(problems.join("\n"), /access\.httpsPort: is 8443, as hmi\.port is/);
  const file = folderWith(t, {
    "gateway.yaml": `${head}\nhmi: { host: 0.0.0.0, names: [gw-1.plant] }\naccess: {}\n`,
  });
  const settings = loadSettings(file);
  assert.deepEqual(settings.access, { httpsPort: 8_443 });
  assert.deepEqual(pageNames(settings.hmi), ["gw-1.plant"]);
  assert.deepEqual(pageNames({ ...settings.hmi, host: "10.0.0.8" }), ["10.0.0.8", "gw-1.plant"]);
  assert.equal(pageAddress(settings.hmi), "http://gw-1.plant:8081");
  assert.equal(pageAddress({ ...settings.hmi, host: "fd00::8" }), "http://[fd00::8]:8081");
});

test("text that is no YAML is reported by line and column", (t) => {
  const [problem] = problemsOf(folderWith(t, { "gateway.yaml": "gateway: { id: [\n" }));
  assert.match(problem ?? "", /line \d+, column \d+/);
});

test("a file too large for the memory of a gateway says where its tags belong", (t) => {
  const rows = Array.from(
    { length: 20_000 },
    (_, at) => `      - { id: m/${at}, address: "holding:${at}", type: uint16 }`,
  );
  const inline = meter.replace(" meter.csv", `\n${rows.join("\n")}`);
  const problems = problemsOf(folderWith(t, { "gateway.yaml": head + inline }));
  assert.equal(problems.length, 1);
  assert.match(
    problems[0] ?? "",
    /holds \d+ characters, and may hold 500000\. .*tags: press-1\.csv/,
  );
});

test("10,000 tags are read from a table within the memory of a gateway", (t) => {
  const rows = Array.from(
    { length: 10_000 },
    (_, at) => `m/${at},Tag ${at},holding:${at},uint16,bar`,
  );
  const file = folderWith(t, {
    "gateway.yaml": head + meter,
    "meter.csv": `id,name,address,type,unit\n${rows.join("\n")}\n`,
  });
  const loader = new URL("./load-settings.ts", import.meta.url).href;
  const script = `const { loadSettings } = await import(${JSON.stringify(loader)});
    console.log(loadSettings(${JSON.stringify(file)}).devices[0].tags.length);`;
  // The supervisor gives the runtime 96 MB for everything.
  const options = ["--max-old-space-size=64", "--input-type=module", "--eval", script];
  const ran = spawnSync(process.execPath, options, { encoding: "utf8" });
  assert.equal(ran.stdout.trim(), "10000", ran.stderr.slice(0, 2_000));
});

test("a file that is missing is named", (t) => {
  const [problem] = problemsOf(join(tmpdir(), "nobody-has-this", "gateway.yaml"));
  assert.match(problem ?? "", /does not exist/);
  const [table] = problemsOf(folderWith(t, { "gateway.yaml": head + meter }));
  assert.match(table ?? "", /meter\.csv: does not exist/);
});

test("a template gives protocol, connection and tags; a parameter that is missing is asked for", (t) => {
  const files = {
    "kiln.yaml":
      "protocol: modbus\nparameters: { host: address of the kiln }\n" +
      "connection: { framing: tcp, host: '{host}', port: 502, unit: 1 }\ntags: kiln.csv\n",
    "kiln.csv": "id,address,type\n{device}/zone,holding:1,uint16\n",
  };
  const device = (parameters: string): string =>
    `${head}\ndevices:\n  - { id: kiln-7, template: kiln.yaml, parameters: ${parameters} }\n`;
  const settings = loadSettings(
    folderWith(t, { ...files, "gateway.yaml": device("{ host: 127.0.0.1 }") }),
  );
  assert.equal(settings.devices[0]?.tags.at(0)?.tag.id, "kiln-7/zone");

  const problems = problemsOf(folderWith(t, { ...files, "gateway.yaml": device("{}") }));
  assert.ok(
    problems.some((each) => each.includes('lacks "host": address of the kiln')),
    problems.join("\n"),
  );
});

test("a capture names an array that can be read, tags that are there, and an id of its own", (t) => {
  const capture = {
    id: "pump-1/bearing",
    name: "Bearing",
    array: "ns=2;s=Pump1.Capture",
    rate: 25_600,
    everyMin: 5,
    state: ["pump-1/speed"],
  };
  const device = (captures: unknown): string => `
gateway: { id: gw-1, name: One }
journal: { folder: journal }
devices:
  - id: pump-1
    protocol: opcua
    connection: { url: "opc.tcp://127.0.0.1:4840", security: none-i-accept-plain-text }
    tags:
      - { id: pump-1/speed, name: Speed, address: "ns=2;s=Pump1.Speed", type: float64 }
    captures: ${JSON.stringify(captures)}
`;
  const folder = folderWith(t, { "gateway.yaml": device([capture]) });
  const [pump] = loadSettings(folder).devices;
  assert.deepEqual(pump?.captures[0]?.state, ["pump-1/speed"]);

  const noTag = { ...capture, state: ["pump-1/spede"] };
  const other = folderWith(t, { "gateway.yaml": device([noTag]) });
  const [problem] = problemsOf(other);
  assert.equal(problem, 'device pump-1: capture pump-1/bearing: "pump-1/spede" is no tag');

  const wrong = { ...capture, id: "pump-1/speed", array: "bearing" };
  const bad = folderWith(t, { "gateway.yaml": device([wrong]) });
  const problems = problemsOf(bad).join("\n");
  assert.match(problems, /captures\[0\]: "bearing" is not a node id/);
  assert.match(problems, /tag pump-1\/speed: is declared twice/);
});

test("the address of the hub is one that the road can take, and holds no password", (t) => {
  const withHub = (url: string): string =>
    folderWith(t, { "gateway.yaml": `${head}\nhub: { url: "${url}" }\n` });
  for (const url of ["nats://hub:4222", "tls://hub.plant.example:4222", "nats://[::1]:4222"]) {
    assert.equal(loadSettings(withHub(url)).hub?.url, url);
  }
  for (const url of [
    "ws://hub:80",
    "nats://gateway:secret@hub:4222",
    "nats://gateway@hub",
    "hub",
  ]) {
    const [problem] = problemsOf(withHub(url));
    assert.match(problem ?? "", /hub\.url: write it as nats:\/\/host:4222/, url);
    assert.ok(problem?.includes("secret") !== true);
  }
});

test("the authority of the hub is named where everything is encrypted, and its file beside the settings is found", (t) => {
  const withHub = (url: string): string =>
    folderWith(t, { "gateway.yaml": `${head}\nhub: { url: "${url}", caFile: plant-ca.pem }\n` });
  const file = withHub("tls://hub:4222");
  assert.equal(loadSettings(file).hub?.caFile, join(dirname(file), "plant-ca.pem"));
  const [problem] = problemsOf(withHub("nats://hub:4222"));
  assert.match(problem ?? "", /hub\.caFile: is of use only where everything is encrypted/);
});

test("editors get a JSON Schema of the file", () => {
  const schema = gatewayJsonSchema() as { readonly properties?: Readonly<Record<string, unknown>> };
  const known = Object.keys(schema.properties ?? {});
  for (const part of ["gateway", "hub", "journal", "telling", "hmi", "alarms", "devices"]) {
    assert.ok(known.includes(part), part);
  }
});

const bus = (everyMs: number, speed = 9_600): string => {
  const devices = [1, 2, 3].map(
    (unit) => `
  - id: meter-${unit}
    protocol: modbus
    everyMs: ${everyMs}
    connection: { framing: rtu, path: /dev/ttyS0, baudRate: ${unit === 3 ? speed : 9_600}, unit: ${unit} }
    tags: meter-${unit}.csv
`,
  );
  return `${head}\ndevices:${devices.join("")}`;
};
const busTables = Object.fromEntries(
  [1, 2, 3].map((unit) => [
    `meter-${unit}.csv`,
    `id,address,type\n${Array.from({ length: 125 }, (_, at) => `m${unit}/${at},holding:${at},uint16`).join("\n")}\n`,
  ]),
);

test("devices that fit into their line one by one and not together are refused, in one sentence", (t) => {
  const problems = problemsOf(folderWith(t, { ...busTables, "gateway.yaml": bus(1_000) }));
  assert.equal(problems.length, 1, problems.join("\n"));
  assert.match(
    problems[0] ?? "",
    /serial \/dev\/ttyS0 \(meter-1, meter-2, meter-3\): busy 94 % of its time/,
  );
  const settings = loadSettings(folderWith(t, { ...busTables, "gateway.yaml": bus(1_200) }));
  assert.deepEqual(
    warningsOf(settings.devices, settings.publish).map(({ where, what }) => [
      where,
      what.slice(0, 24),
    ]),
    [["serial /dev/ttyS0 (meter-1, meter-2, meter-3)", "busy 79 % of its time at"]],
  );
});

test("devices that write one line with two speeds are refused before anything is opened", (t) => {
  const [problem] = problemsOf(folderWith(t, { ...busTables, "gateway.yaml": bus(2_000, 19_200) }));
  assert.match(problem ?? "", /meter-1 is written with rtu, 9600 baud.*meter-3 with rtu, 19200/);
});

test("a file is named relative to the settings, also in a group; how often a value is proven belongs to its tag", (t) => {
  const file = folderWith(t, {
    "gateway.yaml": `${head}
devices:
  - id: press
    protocol: opcua
    connection:
      url: opc.tcp://10.0.0.5:4840
      keepAliveMs: 4000
      user: { kind: password, name: anna, passwordFile: secrets/press }
    everyMs: 100
    tags:
      - { id: press/a, address: "i=2258", type: time }
      - { id: press/b, address: "i=2258", type: time, every_ms: 60000 }
`,
  });
  const press = loadSettings(file).devices.find(({ id }) => id === "press");
  const { user } = press?.connection as { readonly user: { readonly passwordFile: string } };
  assert.equal(user.passwordFile, join(file, "../secrets/press"));
  assert.deepEqual(
    press?.tags.map(({ tag }) => tag.expectedMs),
    [4_000, 60_000],
  );
});
