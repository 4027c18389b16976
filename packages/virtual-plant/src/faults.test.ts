/** Every fault, seen from a client of the device. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { connect as connectMqtt, connectAsync } from "mqtt";
import { OPCUAClient, type DataValue } from "node-opcua";
import { startPlant, type Plant } from "./index.ts";
import { closed, freshFolder, modbusClient, until, type ModbusClient } from "./test-help.ts";

let folder = "";
let plant: Plant;

before(async () => {
  folder = await freshFolder();
  plant = await startPlant({ dataFolder: folder });
});

after(async () => {
  await plant.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Plays one fault while `work` runs; it is over, and its servers are back, when this resolves. */
async function during(fault: Record<string, unknown>, work: () => Promise<void>): Promise<void> {
  plant.inject({ forS: 60, ...fault });
  await until(() => plant.activeFaults.length > 0);
  try {
    await work();
  } finally {
    plant.clearFaults();
    await until(() => plant.activeFaults.length === 0);
  }
}

function press(): Promise<ModbusClient> {
  const { modbusTcp } = plant.endpoints;
  assert.ok(modbusTcp);
  return modbusClient((client) => client.connectTCP(modbusTcp.host, { port: modbusTcp.port }));
}

async function pressPort(): Promise<Socket> {
  const socket = connect({ port: plant.endpoints.modbusTcp?.port ?? 0, host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}

/** Nobody listens on this port. Asked without the protocol: its client may wait for an answer that never comes. */
async function isClosed(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

async function answersAgain(): Promise<void> {
  await until(async () => {
    const client = await press().catch(() => undefined);
    if (client === undefined) return false;
    const answered = await client.readInputRegisters(0, 2).then(
      () => true,
      () => false,
    );
    await closed(client);
    return answered;
  });
}

test("an exception storm answers every request with the exception", async () => {
  const client = await press();
  await during({ kind: "exceptions", machine: "press-1", code: 4 }, async () => {
    await assert.rejects(client.readInputRegisters(0, 2), { modbusCode: 4 });
  });
  await client.readInputRegisters(0, 2);
  await closed(client);
});

test("a slow device still answers, later", async () => {
  const client = await press();
  await during({ kind: "slow", machine: "press-1", delayMs: 300 }, async () => {
    const startMs = performance.now();
    await client.readInputRegisters(0, 2);
    assert.ok(performance.now() - startMs > 250);
  });
  await closed(client);
});

test("a late answer comes after the time-out, right before the answer to the next request", async () => {
  const socket = await pressPort();
  const got: Buffer[] = [];
  socket.on("data", (bytes) => got.push(bytes));
  const ask = (transaction: number): void => {
    socket.write(Uint8Array.of(0, transaction, 0, 0, 0, 6, 1, 4, 0, 2, 0, 1));
  };
  await during({ kind: "late", machine: "press-1", delayMs: 400 }, async () => {
    ask(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(got.length, 0, "nothing within the time-out");
    ask(2);
    await until(() => Buffer.concat(got).length >= 22);
    const all = Buffer.concat(got);
    assert.deepEqual([all[1], all[12]], [1, 2]);
  });
  socket.destroy();
});

test("wrong answers are wrong in the one way that was asked for", async () => {
  const socket = await pressPort();
  const expected: readonly (readonly [string, number, number])[] = [
    ["transaction", 1, 8],
    ["unit", 6, 2],
    ["function", 7, 3],
    ["length", 5, 3],
  ];
  for (const [what, at, value] of expected) {
    await during({ kind: "wrong", machine: "press-1", what }, async () => {
      socket.write(Uint8Array.of(0, 7, 0, 0, 0, 6, 1, 4, 0, 2, 0, 1));
      const [answer] = (await once(socket, "data")) as [Buffer];
      assert.equal(answer[at], value, what);
    });
  }
  socket.destroy();
});

test("a cut link breaks connections and refuses new ones until it is mended", async () => {
  const socket = await pressPort();
  socket.on("error", () => undefined);
  await during({ kind: "link-cut", machine: "press-1" }, async () => {
    await until(() => socket.closed);
    await assert.rejects(press());
  });
  await answersAgain();
});

test("a half-open link keeps the connection and answers nothing", async () => {
  const client = await press();
  const patienceMs = client.getTimeout();
  client.setTimeout(200);
  await during({ kind: "link-cut", machine: "press-1", mode: "half-open" }, async () => {
    await assert.rejects(client.readInputRegisters(0, 2), { message: "Timed out" });
    assert.equal(client.isOpen, true);
  });
  client.setTimeout(patienceMs);
  await client.readInputRegisters(0, 2);
  await closed(client);
});

test("a full device refuses one more and goes on serving those it has", async () => {
  const client = await press();
  await during({ kind: "full", machine: "press-1" }, async () => {
    const socket = connect({ port: plant.endpoints.modbusTcp?.port ?? 0, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.on("close", resolve));
    await client.readInputRegisters(0, 2);
  });
  await closed(client);
});

test("after a power cycle the volatile counter begins anew and the served readings go on", async () => {
  const client = await press();
  const before = (await client.readInputRegisters(0, 2)).buffer.readUInt32BE(0);
  assert.ok(((await client.readHoldingRegisters(100, 1)).data[0] ?? 0) > 60_000);
  await during({ kind: "power-cycle", machine: "press-1" }, async () => {
    await assert.rejects(press());
  });
  await answersAgain();
  const again = await press();
  assert.ok(((await again.readHoldingRegisters(100, 1)).data[0] ?? 0) < 100);
  assert.ok((await again.readInputRegisters(0, 2)).buffer.readUInt32BE(0) > before);
  await closed(again);
  await closed(client);
});

test("a failed sensor is a sentinel in Modbus", async () => {
  const client = await press();
  await during(
    { kind: "sensor-failed", machine: "press-1", point: "Oil.Temperature" },
    async () => {
      await until(async () => (await client.readInputRegisters(20, 1)).data[0] === 0x8000);
    },
  );
  await until(async () => (await client.readInputRegisters(20, 1)).data[0] !== 0x8000);
  await closed(client);
});

test("a spoilt checksum on the serial side is not taken by a client", async () => {
  const { rtuOverTcp } = plant.endpoints;
  assert.ok(rtuOverTcp);
  const client = await modbusClient((each) =>
    each.connectTelnet(rtuOverTcp.host, { port: rtuOverTcp.port }),
  );
  client.setTimeout(200);
  await during({ kind: "wrong", machine: "oven-1", what: "crc" }, async () => {
    await assert.rejects(client.readHoldingRegisters(2, 1));
  });
  await until(() =>
    client.readHoldingRegisters(2, 1).then(
      () => true,
      () => false,
    ),
  );
  await closed(client);
});

async function read(...paths: readonly string[]): Promise<DataValue[]> {
  const { opcua } = plant.endpoints;
  assert.ok(opcua);
  const client = OPCUAClient.create({
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0 },
  });
  await client.connect(opcua.url);
  try {
    const session = await client.createSession();
    const index = (await session.readNamespaceArray()).indexOf(opcua.namespace);
    const values = await session.read(
      paths.map((path) => ({ nodeId: `ns=${index};s=Pump1.${path}` })),
    );
    await session.close();
    return values;
  } finally {
    await client.disconnect();
  }
}

test("a stuck sensor keeps its value while its time goes on, and a drifting one leaves the truth", async () => {
  plant.inject({ kind: "stuck", machine: "pump-1", point: "Motor.Voltage", forS: 60 });
  await during(
    { kind: "drift", machine: "pump-1", point: "Ambient.Temperature", perHour: 1e6 },
    async () => {
      await until(() => plant.activeFaults.length === 2);
      const [first] = await read("Motor.Voltage");
      await until(async () => {
        const [voltage, ambient] = await read("Motor.Voltage", "Ambient.Temperature");
        assert.equal(voltage?.value.value, first?.value.value);
        const later = Number(voltage?.sourceTimestamp) > Number(first?.sourceTimestamp);
        return later && Number(ambient?.value.value) > 100;
      });
    },
  );
});

test("the clock of a controller can start in 1970", async () => {
  await during({ kind: "clock", machine: "pump-1", mode: "unset" }, async () => {
    await until(
      async () => (await read("Motor.Current"))[0]?.sourceTimestamp?.getUTCFullYear() === 1970,
    );
  });
});

test("a failed sensor is bad with the reason in OPC UA", async () => {
  await during({ kind: "sensor-failed", machine: "pump-1", point: "Motor.Current" }, async () => {
    await until(
      async () => (await read("Motor.Current"))[0]?.statusCode.name === "BadSensorFailure",
    );
  });
});

test("no further OPC UA session is given when the table is full", async () => {
  await during({ kind: "full", machine: "pump-1" }, async () => {
    const { opcua } = plant.endpoints;
    assert.ok(opcua);
    const client = OPCUAClient.create({
      endpointMustExist: false,
      connectionStrategy: { maxRetry: 0 },
    });
    await client.connect(opcua.url);
    // The library frees one session that is not used for one that comes, so the second one is the refused one.
    const sessions = [];
    await assert.rejects(async () => {
      for (let count = 0; count < 3; count++) sessions.push(await client.createSession());
    }, /TooManySessions/);
    await client.disconnect();
  });
});

test("a wearing bearing shows in its vibration", async () => {
  const [before] = await read("Bearing.Vibration");
  const wear = { kind: "bearing-wear", machine: "pump-1", from: 0.9, to: 0.95, forS: 5 };
  await during(wear, async () => {
    await until(async () => {
      const [now] = await read("Bearing.Vibration");
      return Number(now?.value.value) > 2 * Number(before?.value.value);
    });
  });
});

test("a power cycle ends the OPC UA server, which comes back with the same address", async () => {
  await during({ kind: "power-cycle", machine: "pump-1" }, async () => {
    await assert.rejects(read("State"));
  });
  await until(() =>
    read("State").then(
      () => true,
      () => false,
    ),
  );
});

test("a cut link of the spindle brings its death, and its return a birth with the next bdSeq", async () => {
  const { mqtt } = plant.endpoints;
  assert.ok(mqtt);
  const client = await connectAsync(mqtt.url);
  const kinds: string[] = [];
  client.on("message", (topic) => kinds.push(topic.split("/")[2] ?? ""));
  await client.subscribeAsync("spBv1.0/#", { qos: 1 });
  await during({ kind: "link-cut", machine: "spindle-1" }, async () => {
    await until(() => kinds.includes("NDEATH"));
  });
  await until(() => kinds.indexOf("DBIRTH", kinds.indexOf("NDEATH")) > 0);
  await client.endAsync();
});

test("after a power cycle of the broker the spindle is born again", async () => {
  const { mqtt } = plant.endpoints;
  assert.ok(mqtt);
  await during({ kind: "power-cycle", machine: "broker" }, async () => {
    await until(() => isClosed(Number(new URL(mqtt.url).port)));
  });
  const client = connectMqtt(mqtt.url, { reconnectPeriod: 100 });
  client.on("error", () => undefined);
  const kinds: string[] = [];
  client.on("message", (topic) => kinds.push(topic.split("/")[2] ?? ""));
  await until(() => client.connected);
  await client.subscribeAsync("spBv1.0/#");
  await until(() => kinds.includes("DBIRTH") || kinds.includes("DDATA"));
  await client.endAsync(true);
});
