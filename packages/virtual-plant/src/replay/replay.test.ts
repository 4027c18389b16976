import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  AttributeIds,
  ClientSubscription,
  DataChangeFilter,
  DataChangeTrigger,
  OPCUAClient,
  TimestampsToReturn,
  type DataValue,
} from "node-opcua";
import { startPlant, type TruthRecord } from "../index.ts";
import { closed, freshFolder, modbusClient, until } from "../test-help.ts";
import { listRecordings, parseRecording, RecordingRefused } from "./recordings.ts";

const header = "datetime;Accelerometer1RMS;Volume Flow RateRMS;anomaly;changepoint";
const first = [
  "2020-03-09 10:14:33;0.0265878;32.0;0.0;0.0",
  "2020-03-09 10:14:34;0.0261697;32.104;0.0;1.0",
  "2020-03-09 10:14:36;-1e-7;;1.0;0.0",
];
const second = ["2020-03-09 11:00:00;0.1;127.0;0.0;0.0"];

async function recordings(): Promise<string> {
  const folder = await freshFolder();
  await mkdir(join(folder, "valve1"));
  await writeFile(join(folder, "valve1", "0.csv"), `${[header, ...first].join("\n")}\n`);
  await writeFile(join(folder, "other.csv"), `${[header, ...second].join("\r\n")}\r\n`);
  return folder;
}

test("recordings are found in folders by name, and labels are told from values", async () => {
  const folder = await recordings();
  assert.deepEqual(await listRecordings(folder), ["other.csv", "valve1/0.csv"]);
  const recording = parseRecording("x.csv", [header, ...first].join("\n"));
  assert.deepEqual(recording.columns, ["Accelerometer1RMS", "Volume Flow RateRMS"]);
  assert.deepEqual(recording.labelColumns, ["anomaly", "changepoint"]);
  assert.deepEqual(recording.labels[2], ["1.0", "0.0"]);
  assert.equal((recording.timesMs[2] ?? 0) - (recording.timesMs[1] ?? 0), 2_000);
  await rm(folder, { recursive: true });
});

test("a generic file with commas and seconds since 1970 can be played too", () => {
  const recording = parseRecording("x.csv", 'timestamp,"value, raw"\n1.5,2\n3,4\n');
  assert.deepEqual(recording.columns, ["value, raw"]);
  assert.deepEqual([...recording.timesMs], [1_500, 3_000]);
});

test("a file without a time, a folder without files and one that is not there are refused in words", async () => {
  assert.throws(() => parseRecording("x.csv", "a,b\n1,2\n"), RecordingRefused);
  const folder = await freshFolder();
  await assert.rejects(listRecordings(folder), /no CSV file/);
  await assert.rejects(listRecordings(join(folder, "none")), RecordingRefused);
  await rm(folder, { recursive: true });
});

test("a recording comes out of OPC UA value for value, and its labels are kept aside", async () => {
  const folder = await recordings();
  const dataFolder = await freshFolder();
  const plant = await startPlant({
    dataFolder,
    machines: 0,
    protocols: ["opcua"],
    replay: { folder, over: "opcua", speed: 10 },
  });
  const { opcua, replay } = plant.endpoints;
  assert.ok(opcua && replay);
  const client = OPCUAClient.create({ endpointMustExist: false });
  await client.connect(opcua.url);
  const session = await client.createSession();
  const index = (await session.readNamespaceArray()).indexOf(opcua.namespace);
  const subscription = ClientSubscription.create(session, {
    requestedPublishingInterval: 100,
    requestedLifetimeCount: 1_000,
    publishingEnabled: true,
  });
  const got = new Map<string, Map<number, DataValue>>();
  for (const point of ["File", "Row", "Accelerometer1RMS", "VolumeFlowRateRMS"]) {
    const values = new Map<number, DataValue>();
    got.set(point, values);
    const item = await subscription.monitor(
      { nodeId: `ns=${index};s=Replay1.${point}`, attributeId: AttributeIds.Value },
      // Sampling interval 0: every change, none of them overwritten.
      { samplingInterval: 0, queueSize: 1_000, discardOldest: true, filter: null },
      TimestampsToReturn.Both,
    );
    (item as unknown as { on(event: "changed", listener: (value: DataValue) => void): void }).on(
      "changed",
      (value) => values.set(value.sourceTimestamp?.getTime() ?? 0, value),
    );
  }
  const heard = (point: string): number => got.get(point)?.size ?? 0;
  await until(() => Math.min(heard("Accelerometer1RMS"), heard("VolumeFlowRateRMS")) >= 12);
  await session.close();
  await client.disconnect();

  const played = (await readFile(replay.labels, "utf8")).split("\n");
  assert.ok(played.includes("valve1/0.csv,2,anomaly,1.0"));
  await plant.stop();
  const rows = (await readFile(replay.played, "utf8")).trim().split("\n").slice(1);
  let compared = 0;
  for (const line of rows) {
    const [us = "", file = "", row = ""] = line.split(",");
    const value = got.get("Accelerometer1RMS")?.get(Math.floor(Number(us) / 1_000));
    if (value === undefined) continue;
    const cells = ((file === "other.csv" ? second : first)[Number(row)] ?? "").split(";");
    assert.equal(value.value.value, Number(cells[1]));
    // Each point is told on its own: at the edges of the listening one of a row may be there without the other.
    const flow = got.get("VolumeFlowRateRMS")?.get(Math.floor(Number(us) / 1_000));
    if (flow === undefined) continue;
    if (cells[2] === "") assert.equal(flow.statusCode.name, "BadSensorFailure");
    else assert.equal(flow.value.value, Number(cells[2]));
    compared++;
  }
  assert.ok(compared >= 8, `${compared} rows compared`);
  const table = await readFile(replay.tags, "utf8");
  assert.match(
    table,
    /replay-1\/volume-flow-rate-rms,Volume Flow RateRMS,nsu=.*;s=Replay1\.VolumeFlowRateRMS,float64/,
  );
  await rm(folder, { recursive: true });
  await rm(dataFolder, { recursive: true });
});

test("the same over Modbus: 64-bit floats that equal the text of the file", async () => {
  const folder = await recordings();
  const dataFolder = await freshFolder();
  const truth: TruthRecord[] = [];
  const plant = await startPlant({
    dataFolder,
    machines: 0,
    protocols: ["modbus-tcp"],
    replay: { folder, over: "modbus", speed: 5 },
    truth: (record) => truth.push(record),
  });
  const { modbusTcp } = plant.endpoints;
  assert.ok(modbusTcp);
  const client = await modbusClient((each) =>
    each.connectTCP(modbusTcp.host, { port: modbusTcp.port }),
  );
  const wanted = new Set([...first, ...second].map((line) => Number(line.split(";")[1])));
  const seen = new Set<number>();
  await until(async () => {
    seen.add((await client.readInputRegisters(0, 8)).buffer.readDoubleBE(0));
    return seen.size >= wanted.size;
  });
  assert.deepEqual(seen, wanted);
  await closed(client);
  await plant.stop();
  await rm(folder, { recursive: true });
  await rm(dataFolder, { recursive: true });
});

test("a hundred rows in one moment reach an OPC UA client that asks for every change, equal ones too", async () => {
  const folder = await freshFolder();
  const rows = Array.from({ length: 100 }, (_unused, at) => `2020-03-09 10:00:00;${at >> 1}`);
  await writeFile(join(folder, "fast.csv"), `${["datetime;Level", ...rows].join("\n")}\n`);
  const dataFolder = await freshFolder();
  const plant = await startPlant({
    dataFolder,
    machines: 0,
    protocols: ["opcua"],
    replay: { folder, over: "opcua", speed: 1_000, once: true, wait: true },
  });
  const { opcua } = plant.endpoints;
  assert.ok(opcua);
  const client = OPCUAClient.create({ endpointMustExist: false });
  await client.connect(opcua.url);
  const session = await client.createSession();
  const index = (await session.readNamespaceArray()).indexOf(opcua.namespace);
  const subscription = ClientSubscription.create(session, {
    requestedPublishingInterval: 100,
    requestedLifetimeCount: 1_000,
    publishingEnabled: true,
  });
  const got: DataValue[] = [];
  const item = await subscription.monitor(
    { nodeId: `ns=${index};s=Replay1.Level`, attributeId: AttributeIds.Value },
    {
      ...{ samplingInterval: 0, queueSize: 1_000, discardOldest: true },
      filter: new DataChangeFilter({ trigger: DataChangeTrigger.StatusValueTimestamp }),
    },
    TimestampsToReturn.Both,
  );
  (item as unknown as { on(event: "changed", listener: (value: DataValue) => void): void }).on(
    "changed",
    (value) => got.push(value),
  );
  await until(() => got.length > 0);
  assert.deepEqual(plant.replayProgress, { rows: 100, played: 0, ended: false });
  assert.equal(got.at(-1)?.statusCode.name, "BadSensorFailure", "before its time it has no value");
  plant.playRecordings();
  // What said "no value yet" may still be on its way when the first row is played.
  const rowsGot = (): DataValue[] => got.filter(({ statusCode }) => statusCode.isGood());
  await until(() => rowsGot().length >= 100);
  assert.deepEqual(
    rowsGot().map(({ value }) => value.value as unknown),
    rows.map((_row, at) => at >> 1),
  );
  assert.deepEqual(plant.replayProgress, { rows: 100, played: 100, ended: true });
  await session.close();
  await client.disconnect();
  await plant.stop();
  await rm(folder, { recursive: true });
  await rm(dataFolder, { recursive: true });
});

test("at the pace of reading each row is read once, and after the last one there is no value", async () => {
  const folder = await recordings();
  const dataFolder = await freshFolder();
  const plant = await startPlant({
    dataFolder,
    machines: 0,
    protocols: ["modbus-tcp"],
    control: true,
    replay: {
      ...{ folder, over: "modbus", speed: 1 },
      ...{ pace: "read", type: "float32", once: true, wait: true, rowsMax: 2 },
    },
  });
  const { modbusTcp, control } = plant.endpoints;
  assert.ok(modbusTcp && control);
  const client = await modbusClient((each) =>
    each.connectTCP(modbusTcp.host, { port: modbusTcp.port }),
  );
  // Two values, file, row, recorded time, and the count of what was served.
  const read = async (): Promise<number> =>
    (await client.readInputRegisters(0, 2 * 2 + 16 + 2 + 16 + 2)).buffer.readFloatBE(0);
  assert.ok(Number.isNaN(await read()), "not begun");
  const begun = await fetch(`${control.url}/replay`, { method: "POST" });
  assert.equal(begun.status, 202);
  await until(() => plant.replayProgress?.played === 1);
  assert.deepEqual(
    [await read(), await read(), await read()],
    ["0.1", "0.0265878", "0.0261697"].map((cell) => Math.fround(Number(cell))),
  );
  assert.ok(Number.isNaN(await read()), "ended");
  const progress: unknown = await (await fetch(`${control.url}/replay`)).json();
  assert.deepEqual(progress, { rows: 3, played: 3, ended: true });
  await closed(client);
  await plant.stop();
  await rm(folder, { recursive: true });
  await rm(dataFolder, { recursive: true });
});
