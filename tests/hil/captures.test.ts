/** Captures the whole way: a real plant, a real gateway, a real hub, and a network that breaks in the middle of one. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Hub } from "@millwright/cloud-hub";
import { loadSettings, runRuntime } from "@millwright/edge-runtime";
import { runServices, seededRandom, silentLog, systemClock } from "@millwright/kit";
import { startPlant, type Plant } from "@millwright/virtual-plant";
import type { CaptureView } from "@millwright/wire-contract";
import { decodeHistory } from "@millwright/wire-contract/history";
import { stringify } from "yaml";

import { plainHub } from "./plain-hub.ts";
import { waitFor } from "./wait-for.ts";

const folder = mkdtempSync(join(tmpdir(), "millwright-captures-"));
const patienceMs = 60_000;
const stopping = new AbortController();
let plant: Plant;
let hub: Hub;
let hubRuns: Promise<void>;
let api: string;

before(async () => {
  // The database, which root may not run, has to pass through.
  chmodSync(folder, 0o711);
  plant = await startPlant({ dataFolder: join(folder, "plant"), protocols: ["opcua"] });
  hub = plainHub(folder);
  hubRuns = runServices(hub.services, stopping.signal, 20_000);
  await waitFor("the hub", patienceMs, () => hub.status().console !== "" && hub.views.metrics());
  api = hub.status().console;
});
after(async () => {
  stopping.abort();
  await hubRuns.catch(() => undefined);
  await plant.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A network that carries so many bytes to the hub with each connection, and then breaks. */
async function brittle(bytesEach: number): Promise<{ port: number; cuts: number; close(): void }> {
  const { hostname, port } = new URL(hub.status().broker);
  const sockets = new Set<Socket>();
  const state = { port: 0, cuts: 0, close: (): void => undefined };
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    let left = bytesEach;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", end).on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    near.on("data", (data) => {
      far.write(data.subarray(0, left));
      left -= data.length;
      if (left > 0) return;
      state.cuts++;
      end();
    });
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  state.port = (server.address() as AddressInfo).port;
  state.close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return state;
}

interface Running {
  readonly drop: string;
  stop(): Promise<void>;
}

async function startGateway(id: string, hubPort: number, array = false): Promise<Running> {
  const home = join(folder, id);
  const drop = join(home, "drop");
  mkdirSync(drop, { recursive: true });
  const node = (name: string): string => `nsu=urn:millwright:virtual-plant;s=Pump1.${name}`;
  const bearing = {
    id: "pump-1/bearing",
    name: "Bearing",
    asset: "Pump 1",
    array: node("Capture.Acceleration"),
    rate: node("Capture.Rate"),
    scale: node("Capture.Scale"),
    unit: "[g]",
    everyMin: 0.05,
    state: ["pump-1/speed"],
    features: {
      list: [
        { name: "rms", kind: "rms" },
        { name: "outer-ring", kind: "line", line: "bpfo" },
      ],
      // Of a bearing 6309, as its data sheet has it.
      envelope: {
        fromHz: 2_000,
        toHz: 5_000,
        bearing: { balls: 8, ballDiameter: 17.46, pitchDiameter: 72.5, contactAngleDeg: 0 },
      },
      speed: "pump-1/speed",
    },
  };
  const file = join(home, "gateway.yaml");
  writeFileSync(
    file,
    stringify({
      gateway: { id, name: id },
      hub: {
        url: `nats://127.0.0.1:${hubPort}`,
        credentialsFile: hub.status().gatewayCredentials,
        // Pieces are half a second of it: 64 KiB.
        kilobitsPerSecondMax: 1_048,
      },
      journal: { folder: "journal", commitEveryMs: 100 },
      hmi: { port: 0 },
      captures: { folders: [{ id: "camera", name: "Camera", asset: "Pump 1", folder: "drop" }] },
      devices: [
        {
          id: "pump-1",
          protocol: "opcua",
          connection: { url: plant.endpoints.opcua?.url, security: "none-i-accept-plain-text" },
          tags: [
            {
              ...{ id: "pump-1/speed", name: "Speed", address: node("Speed.Actual") },
              ...{ type: "float64", unit: "/min" },
            },
          ],
          ...(array ? { captures: [bearing] } : {}),
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
      random: seededRandom(id),
      log: silentLog,
      ready: () => {
        ready.resolve(true);
      },
    },
    end.signal,
  );
  await Promise.race([ready.promise, runs]);
  return {
    drop,
    async stop() {
      end.abort();
      await runs;
    },
  };
}

async function atHub(gateway: string): Promise<readonly CaptureView[]> {
  const answer = await fetch(`${api}/api/gateways/${gateway}/captures`);
  return (await answer.json()) as CaptureView[];
}

/** Values of one microsecond. */
async function samplesAtHub(gateway: string, tag: string, atUs: number): Promise<number[]> {
  const range = `from=${atUs}&to=${atUs + 1}&columns=2`;
  const answer = await fetch(`${api}/api/gateways/${gateway}/history?tag=${tag}&${range}`);
  if (!answer.ok) return [];
  const [line] = decodeHistory(await answer.arrayBuffer());
  return [...(line?.values ?? [])].filter((each) => !Number.isNaN(each));
}

test("a capture goes on after each cut, is the same at the hub, and nothing is unexplained", async (t) => {
  const cable = await brittle(250_000);
  t.after(() => {
    cable.close();
  });
  const gateway = await startGateway("gw-1", cable.port, true);
  t.after(() => gateway.stop());
  const bytes = randomBytes(600_000);
  writeFileSync(join(gateway.drop, "picture.png"), bytes);

  const found = await waitFor("the picture at the hub", patienceMs, async () =>
    (await atHub("gw-1")).find(({ tag }) => tag === "camera"),
  );
  assert.ok(cable.cuts >= 2, "it was cut in the middle");
  assert.equal(found.sha256, createHash("sha256").update(bytes).digest("hex"));
  const answer = await fetch(`${api}/api/gateways/gw-1/captures/${found.sha256}?type=image/png`);
  assert.equal(answer.headers.get("content-type"), "image/png");
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
  assert.ok(!existsSync(join(gateway.drop, "picture.png")), "it was taken out of the folder");

  const wave = await waitFor("the bearing at the hub", patienceMs, async () =>
    (await atHub("gw-1")).find(({ tag }) => tag === "pump-1/bearing"),
  );
  assert.deepEqual([wave.rateHz, wave.count, wave.scale], [25_600, 25_600, 1 / 2_000]);
  assert.equal(wave.state[0]?.name, "Speed");
  // What is computed of it came as samples, with the time of the capture.
  for (const feature of ["rms", "outer-ring"]) {
    const tag = `pump-1/bearing.${feature}`;
    const value = await waitFor(`${tag} at the hub`, patienceMs, async () =>
      (await samplesAtHub("gw-1", tag, wave.startUs)).at(0),
    );
    assert.ok(value > 0, `${tag} is ${value}`);
  }
  assert.equal(hub.views.metrics().unexplained, 0);
});

test("control: what is cut within each piece never arrives", async (t) => {
  // Less than a piece: a capture that could not go on where it was cut would be like this, whatever its size.
  const cable = await brittle(60_000);
  t.after(() => {
    cable.close();
  });
  const gateway = await startGateway("gw-2", cable.port);
  t.after(() => gateway.stop());
  writeFileSync(join(gateway.drop, "picture.png"), randomBytes(600_000));
  await waitFor("some cuts", patienceMs, () => cable.cuts >= 4);
  assert.deepEqual(await atHub("gw-2"), []);
});
