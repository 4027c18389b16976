import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decodePayload, encodePayload, type SparkplugPayload } from "@millwright/sparkplug-b";
import { connectAsync, type MqttClient } from "mqtt";
import {
  AttributeIds,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  StatusCodes,
  type ClientSession,
  type HistoryData,
} from "node-opcua";
import { startPlant, type Plant, type TruthRecord } from "./index.ts";
import { closed, freshFolder, modbusClient, until } from "./test-help.ts";

let folder = "";
let plant: Plant;
const truth: TruthRecord[] = [];

before(async () => {
  folder = await freshFolder();
  plant = await startPlant({
    dataFolder: folder,
    control: true,
    truth: (record) => truth.push(record),
    truthFile: join(folder, "truth.csv"),
    user: { name: "fitter", password: "pump" },
  });
});

after(async () => {
  await plant.stop();
  await rm(folder, { recursive: true, force: true });
});

function wasSampled(machine: string, point: string, value: unknown): boolean {
  return truth.some(
    (record) =>
      record.event === "sampled" &&
      record.machine === machine &&
      record.point === point &&
      record.value === value,
  );
}

async function withSession<T>(
  secure: boolean,
  work: (session: ClientSession, node: (path: string) => string) => Promise<T>,
): Promise<T> {
  const { opcua } = plant.endpoints;
  assert.ok(opcua);
  const client = OPCUAClient.create({
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 1 },
    ...(secure
      ? {
          securityMode: MessageSecurityMode.SignAndEncrypt,
          securityPolicy: SecurityPolicy.Basic256Sha256,
        }
      : {}),
  });
  await client.connect(opcua.url);
  try {
    const user = secure ? { type: 1 as const, userName: "fitter", password: "pump" } : undefined;
    const session = await client.createSession(user);
    const index = (await session.readNamespaceArray()).indexOf(opcua.namespace);
    const result = await work(session, (path) => `ns=${index};s=${path}`);
    await session.close();
    return result;
  } finally {
    await client.disconnect();
  }
}

test("the pump answers an OPC UA client over an encrypted channel with name and password", async () => {
  await withSession(true, async (session, node) => {
    const speed = await session.read({ nodeId: node("Pump1.Motor.Current") });
    assert.equal(speed.statusCode, StatusCodes.Good);
    assert.ok(wasSampled("pump-1", "Motor.Current", speed.value.value as number));
    // Above 2^53: [high, low] words.
    const serial = await session.read({ nodeId: node("Pump1.SerialNumber") });
    assert.deepEqual(serial.value.value, [2_097_152, 1]);
    const level = await session.read({ nodeId: "i=2267" });
    assert.equal(level.value.value, 255);
  });
});

test("a variable states its unit, its normal range and the texts of its numbers", async () => {
  await withSession(false, async (session, node) => {
    const paths = ["EURange", "EngineeringUnits"].map((name) => ({
      startingNode: node("Pump1.Bearing.Temperature"),
      relativePath: {
        elements: [{ targetName: { name }, referenceTypeId: "i=46", includeSubtypes: true }],
      },
    }));
    const found = await session.translateBrowsePath(paths);
    const [range, units] = await Promise.all(
      found.map(async (path) => {
        const nodeId = path.targets?.[0]?.targetId;
        assert.ok(nodeId);
        return (await session.read({ nodeId })).value.value as Record<string, unknown>;
      }),
    );
    assert.deepEqual([range?.["low"], range?.["high"]], [20, 80]);
    // "CEL" as bytes (OPC 10000-8, 5.6.3).
    assert.equal(units?.["unitId"], 0x43454c);
    const [state] = await session.translateBrowsePath([
      {
        startingNode: node("Pump1.State"),
        relativePath: {
          elements: [{ targetName: { name: "EnumStrings" }, referenceTypeId: "i=46" }],
        },
      },
    ]);
    const nodeId = state?.targets?.[0]?.targetId;
    assert.ok(nodeId);
    const texts = (await session.read({ nodeId })).value.value as { readonly text: string }[];
    assert.equal(texts[4]?.text, "Tripped");
  });
});

test("the recipe is a structure of its own type whose fields equal the plain variables", async () => {
  await withSession(false, async (session, node) => {
    const record = await session.read({ nodeId: node("Pump1.RecipeRecord") });
    const raw = record.value.value as Record<string, unknown>;
    const fields = (raw["opaque"] ?? raw) as Record<string, unknown>;
    const plain = await session.read({ nodeId: node("Pump1.Recipe.TargetFlow") });
    assert.equal(fields["targetFlow"], plain.value.value);
    assert.equal(fields["name"], "Transfer");
  });
});

test("a setpoint written over OPC UA reaches the machine, one outside its range does not", async () => {
  await withSession(false, async (session, node) => {
    const write = async (value: number): Promise<unknown> =>
      session.write({
        nodeId: node("Pump1.Speed.Setpoint"),
        attributeId: AttributeIds.Value,
        value: { value: { dataType: "Double", value } },
      });
    assert.equal(await write(2_500), StatusCodes.Good);
    assert.equal((await session.read({ nodeId: node("Pump1.Speed.Setpoint") })).value.value, 2_500);
    assert.equal(await write(9_000), StatusCodes.BadOutOfRange);
    const point = plant.machines[0]?.points.find(({ path }) => path === "Speed.Setpoint");
    assert.equal(point?.read(), 2_500);
  });
});

test("history holds the raw values that were sampled, with their times", async () => {
  await withSession(false, async (session, node) => {
    await until(
      () =>
        truth.filter(({ point, event }) => point === "Motor.Current" && event === "sampled")
          .length > 5,
    );
    const [result] = [
      await session.readHistoryValue(node("Pump1.Motor.Current"), new Date(0), new Date(), {
        numValuesPerNode: 1_000,
      }),
    ];
    const values = (result.historyData as HistoryData | null)?.dataValues ?? [];
    assert.ok(values.length > 5);
    for (const { value } of values)
      assert.ok(wasSampled("pump-1", "Motor.Current", value.value as number));
  });
});

test("the capture is one second at 25.6 kHz, taken anew for each reader", async () => {
  await withSession(false, async (session, node) => {
    const capture = await session.read({ nodeId: node("Pump1.Capture.Acceleration") });
    assert.equal((capture.value.value as Int16Array).length, 25_600);
    assert.equal((await session.read({ nodeId: node("Pump1.Capture.Rate") })).value.value, 25_600);
  });
});

test("the press answers a Modbus TCP client with the values of its image", async () => {
  const { modbusTcp } = plant.endpoints;
  assert.ok(modbusTcp);
  const client = await modbusClient((each) =>
    each.connectTCP(modbusTcp.host, { port: modbusTcp.port }),
  );
  const first = await client.readInputRegisters(0, 10);
  const second = await client.readInputRegisters(0, 10);
  assert.equal(
    second.buffer.readUInt32BE(0) - first.buffer.readUInt32BE(0),
    1,
    "each read is counted",
  );
  const served = truth.filter(
    ({ event, point, via }) =>
      event === "served" && point === "Ram.Position" && via === "modbus-tcp",
  );
  assert.equal(first.buffer.readInt16BE(8), Math.round(Number(served[0]?.value) * 10));
  const model = await client.readHoldingRegisters(130, 8);
  assert.equal(model.buffer.toString("latin1").replace(/\0+$/, ""), "HP-250T");
  await closed(client);
});

test("the oven answers on its serial line and through TCP with RTU frames", async (context) => {
  const { modbusRtu, rtuOverTcp } = plant.endpoints;
  assert.ok(rtuOverTcp);
  const through = await modbusClient((each) =>
    each.connectTelnet(rtuOverTcp.host, { port: rtuOverTcp.port }),
  );
  assert.equal((await through.readHoldingRegisters(2, 1)).data.length, 1);
  await closed(through);
  if (modbusRtu === undefined) {
    context.skip("no serial line here: socat is not installed");
    return;
  }
  for (let opened = 0; opened < 2; opened++) {
    const line = await modbusClient((each) =>
      each.connectRTUBuffered(modbusRtu.path, { baudRate: 19_200 }),
    );
    const zones = await line.readHoldingRegisters(3, 3);
    assert.ok(zones.data.every((value) => value > 1_000 && value < 2_500));
    await closed(line);
  }
});

async function messages(
  client: MqttClient,
  filter: string,
  count: number,
): Promise<[string, Buffer][]> {
  const got: [string, Buffer][] = [];
  const listen = (topic: string, payload: Buffer): void => {
    got.push([topic, payload]);
  };
  client.on("message", listen);
  await client.subscribeAsync(filter, { qos: 1 });
  await until(() => got.length >= count);
  client.off("message", listen);
  await client.unsubscribeAsync(filter);
  return got;
}

test("the spindle publishes JSON that holds what its controller sampled, each message numbered", async () => {
  const { mqtt } = plant.endpoints;
  assert.ok(mqtt);
  const client = await connectAsync(mqtt.url);
  const got = await messages(client, "plant/spindle-1/fast", 4);
  const bodies = got.map(
    ([, payload]) =>
      JSON.parse(payload.toString()) as { Produced: number; Load: number; ts: number },
  );
  bodies.forEach((body, index) => {
    assert.equal(body.Produced, (bodies[0]?.Produced ?? 0) + index);
    assert.ok(wasSampled("spindle-1", "Load", body.Load));
  });
  const [, info] = (await messages(client, "plant/spindle-1/info", 1))[0] ?? [];
  assert.equal(
    (JSON.parse(String(info)) as { SerialNumber: string }).SerialNumber,
    "18014398509481985",
  );
  await client.endAsync();
});

test("the spindle sends a capture when it is asked for one", async () => {
  const { mqtt } = plant.endpoints;
  assert.ok(mqtt);
  const client = await connectAsync(mqtt.url);
  const waiting = messages(client, "plant/spindle-1/capture", 1);
  await until(() => client.connected);
  await client.publishAsync("plant/spindle-1/capture/request", "", { qos: 1 });
  const [[, message] = ["", Buffer.alloc(0)]] = await waiting;
  const headLength = message.readUInt32LE(0);
  const head = JSON.parse(message.subarray(4, 4 + headLength).toString()) as { count: number };
  assert.equal(message.length, 4 + headLength + 2 * head.count);
  assert.equal(head.count, 25_600);
  await client.endAsync();
});

test("a rebirth command brings NBIRTH with seq 0 and DBIRTH with names, aliases and exact 64-bit numbers", async () => {
  const { mqtt } = plant.endpoints;
  assert.ok(mqtt);
  const client = await connectAsync(mqtt.url);
  const got: [string, SparkplugPayload][] = [];
  client.on("message", (topic, payload) => {
    got.push([topic.split("/")[2] ?? "", decodePayload(payload)]);
  });
  await client.subscribeAsync("spBv1.0/#");
  await client.publishAsync(
    "spBv1.0/Millwright/NCMD/spindle-1-edge",
    Buffer.from(
      encodePayload({
        metrics: [{ name: "Node Control/Rebirth", value: { kind: "boolean", value: true } }],
      }),
    ),
  );
  await until(
    () =>
      got.filter(([kind]) => kind === "DDATA").length > 3 &&
      got.some(([kind]) => kind === "DBIRTH"),
  );
  await client.endAsync();
  const births = got.filter(([kind]) => kind !== "NCMD");
  const from = births.findIndex(([kind]) => kind === "NBIRTH");
  const sequence = births.slice(from).map(([, payload]) => Number(payload.seq));
  assert.deepEqual(
    sequence,
    sequence.map((_unused, index) => index),
  );
  const birth = births.find(([kind]) => kind === "DBIRTH")?.[1];
  const serial = birth?.metrics.find(({ name }) => name === "SerialNumber");
  assert.equal(String(serial?.value?.value), "18014398509481985");
  assert.ok(birth?.metrics.every(({ name, alias }) => name !== "" && Number(alias) > 0));
  const data = births
    .filter(([kind]) => kind === "DDATA")
    .flatMap(([, payload]) => payload.metrics);
  assert.ok(data.every(({ name, alias }) => (name ?? "") === "" && Number(alias) > 0));
});

test("faults can be brought over HTTP; one that makes no sense is refused with its problems", async () => {
  const { control } = plant.endpoints;
  assert.ok(control);
  const post = (body: unknown): Promise<Response> =>
    fetch(`${control.url}/faults`, { method: "POST", body: JSON.stringify(body) });
  assert.equal(
    (await post({ kind: "stuck", machine: "pump-1", point: "Motor.Voltage", forS: 60 })).status,
    202,
  );
  await until(() => plant.activeFaults.length === 1);
  const refused = await post({ kind: "stuck", machine: "pump-1", point: "Nowhere" });
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /no point/);
  await fetch(`${control.url}/faults`, { method: "DELETE" });
  await until(() => plant.activeFaults.length === 0);
  const produced = (await (await fetch(`${control.url}/produced`)).json()) as Record<
    string,
    unknown
  >;
  assert.ok("press-1" in produced);
});

test("the truth file holds what the callback was told", async () => {
  const lines = (await readFile(join(folder, "truth.csv"), "utf8")).split("\n");
  assert.equal(lines[0], "at_us,event,machine,point,measured_us,value,status,via");
  await until(
    async () => (await readFile(join(folder, "truth.csv"), "utf8")).split("\n").length > 100,
  );
  assert.ok(truth.length > 100);
});
