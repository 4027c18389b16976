/**
 * `make replay`: the recordings of a folder go the whole way (player, protocol, gateway, broker, hub, database), over
 * OPC UA and over Modbus at once, and what the hub has stored is compared with the files, value for value.
 *
 * Exit code 0: all of it is there. 1: something differs, or a part did not run. 2: there is nothing to play.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { hintOf, messageChain } from "@millwright/kit";
import { Part, programs } from "@millwright/launcher";
import type { GatewayRow } from "@millwright/wire-contract";
import { stringify } from "yaml";

import { readFrames, type StoredSample } from "../stored-samples.ts";
import { waitFor } from "../wait-for.ts";
import { compare, isWhole } from "./compare.ts";
import { Line } from "./line.ts";
import { FolderRefused, readRecordings } from "./recordings.ts";
import { reportOf } from "./report.ts";

/** Making a database on a machine that is busy. */
const readyMsMax = 90_000;
const restMsMax = 60_000;
const progressEveryMs = 10_000;

const lastLines: string[] = [];
function onLine(line: string): void {
  lastLines.push(line);
  if (lastLines.length > 60) lastLines.shift();
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      folder: { type: "string", default: "../shared/data/skab" },
      rows: { type: "string", default: "" },
      type: { type: "string", default: "float64" },
    },
  });
  const recordings = resolve(values.folder);
  const rowsMax = values.rows === "" ? Infinity : Number(values.rows);
  if (!(rowsMax >= 1)) throw new FolderRefused(`ROWS=${values.rows} is not a number from 1`);
  const type = values.type;
  if (type !== "float32" && type !== "float64") {
    throw new FolderRefused(`TYPE=${type} is none of float64, float32`);
  }
  const recorded = readRecordings(recordings, rowsMax);
  const rows = recorded.reduce((sum, file) => sum + file.rows.length, 0);
  console.log(`${values.folder}: ${recorded.length} files, ${rows} rows, each as ${type}`);

  await using parts = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "millwright-replay-"));
  parts.defer(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  // Run by root, PostgreSQL is another user and has to pass.
  chmodSync(folder, 0o711);
  const hubData = join(folder, "hub/data");
  const hub = startHub(folder);
  parts.defer(() => hub.stop());
  const facts = await hub.ready;
  const lines = (["opcua", "modbus"] as const).map((over) =>
    parts.use(
      new Line({
        ...{ over, recordings, type, rowsMax, onLine },
        folder: join(folder, over),
        hub: {
          url: String(facts["broker"]),
          credentialsFile: String(facts["gatewayCredentials"]),
        },
      }),
    ),
  );
  await Promise.all(lines.map((line) => line.start()));
  const startMs = performance.now();
  await Promise.all(lines.map((line) => playAndRest(line)));
  await Promise.all(
    lines.map((line) => atRest(`${String(facts["console"])}/api/gateways`, line.gateway)),
  );
  console.log(`played and told in ${Math.round((performance.now() - startMs) / 1_000)} s\n`);

  let whole = true;
  for (const [at, line] of lines.entries()) {
    const stored: StoredSample[] = [];
    const entries = await readFrames(hubData, line.gateway, (sample) => {
      if (sample.tag.device === "replay") stored.push(sample);
    });
    const expectation = {
      rounding: type === "float32" ? "float32" : "none",
      playedUs: line.playedUs(),
      sourceTime: at === 0,
    } as const;
    const comparison = compare(recorded, stored, entries, expectation);
    console.log(reportOf(at === 0 ? "OPC UA" : "Modbus TCP", comparison, expectation));
    whole &&= isWhole(comparison);
  }
  console.log(whole ? "whole: all of it is there, value for value" : "NOT whole");
  return whole ? 0 : 1;
}

function startHub(folder: string): Part {
  mkdirSync(join(folder, "hub"), { recursive: true });
  const settings = join(folder, "hub/hub.yaml");
  writeFileSync(
    settings,
    stringify({ releaseBelow: "stored", dataFolder: "data", http: { port: 0 } }),
  );
  return new Part({
    ...{ name: "hub", program: programs.hub, args: ["--settings", settings], readyMsMax },
    onLine: (line) => {
      onLine(`hub: ${line}`);
    },
  });
}

async function playAndRest(line: Line): Promise<void> {
  let saidMs = performance.now();
  await line.play(({ rows, played }) => {
    if (performance.now() - saidMs < progressEveryMs) return;
    saidMs = performance.now();
    console.log(`  ${line.gateway}: ${played} of ${rows} rows`);
  });
  await line.rest();
}

/** The hub's own account: it says that the gateway holds nothing back. */
async function atRest(url: string, gateway: string): Promise<void> {
  await waitFor(`the hub to hold all of ${gateway}`, restMsMax, async () => {
    const rows = (await (await fetch(url)).json()) as readonly GatewayRow[];
    const row = rows.find((each) => each.gateway === gateway);
    return row?.presence === "reporting" && row.waitingSamples === 0;
  });
}

try {
  process.exitCode = await main();
} catch (failure) {
  console.error(`replay: ${messageChain(failure)}`);
  if (failure instanceof FolderRefused) process.exitCode = 2;
  else {
    console.error([hintOf(failure) ?? "", ...lastLines].join("\n"));
    process.exitCode = 1;
  }
}
