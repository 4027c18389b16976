/** Our reading of a Modbus server beside mbpoll's reading of the same one. Ends with one line: version, cases, result. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import test from "node:test";
import { promisify } from "node:util";

import type { ValueType } from "@millwright/wire-contract";

import { openModbus, pointOf, readAll } from "./modbus-reading.ts";
import { pymodbusVersion, startPymodbus } from "./pymodbus-server.ts";

const run = promisify(execFile);

/** The version of the peer; nothing when it is not here. */
function mbpollVersion(): string | undefined {
  const said = spawnSync("mbpoll", ["-V"]);
  if (said.error !== undefined) return undefined;
  return (/\d[\w.-]*/.exec(said.stdout.toString()) ?? ["?"])[0];
}

interface Case {
  readonly name: string;
  /** mbpoll's words for table and format. */
  readonly asked: readonly string[];
  readonly table: string;
  readonly type: ValueType;
  readonly step: number;
  readonly count: number;
}

const cases: readonly Case[] = [
  { name: "coils", asked: ["-t", "0"], table: "coil", type: "bool", step: 1, count: 40 },
  {
    name: "discrete inputs",
    asked: ["-t", "1"],
    table: "discrete",
    type: "bool",
    step: 1,
    count: 40,
  },
  {
    name: "holding registers",
    asked: ["-t", "4"],
    table: "holding",
    type: "uint16",
    step: 1,
    count: 100,
  },
  {
    name: "input registers",
    asked: ["-t", "3"],
    table: "input",
    type: "uint16",
    step: 1,
    count: 100,
  },
  {
    name: "32-bit integers",
    asked: ["-t", "4:int", "-B"],
    table: "holding",
    type: "int32",
    step: 2,
    count: 50,
  },
  {
    name: "32-bit floats",
    asked: ["-t", "3:float", "-B"],
    table: "input",
    type: "float32",
    step: 2,
    count: 50,
  },
];

/** `[12]: \t-5` for each value; a 16-bit value above 32,767 is printed as `65533 (-3)`. */
function parse(printed: string): Map<number, string> {
  const values = new Map<number, string>();
  for (const line of printed.split("\n")) {
    const match = /^\[(\d+)\]:\s+(\S+)/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) values.set(Number(match[1]), match[2]);
  }
  return values;
}

const version = mbpollVersion();
const missing =
  version === undefined ? "mbpoll" : pymodbusVersion() === undefined ? "pymodbus" : undefined;

test(
  "we read what mbpoll reads",
  missing === undefined ? {} : { skip: `${missing} is not installed` },
  async (t) => {
    const server = await startPymodbus();
    let passed = 0;
    try {
      for (const { name, asked, table, type, step, count } of cases) {
        await t.test(name, async () => {
          const { stdout } = await run("mbpoll", [
            ...["-m", "tcp", "-p", String(server.port), "-0", "-1", "-a", "1"],
            ...["-r", "0", "-c", String(count), ...asked, "127.0.0.1"],
          ]);
          const theirs = parse(stdout);
          assert.equal(theirs.size, count, stdout);
          const points = Array.from({ length: count }, (_, at) =>
            pointOf(`${table}:${at * step}`, type),
          );
          await using session = await openModbus(server.port, points);
          const ours = await readAll(session, count);
          ours.forEach((one, at) => {
            const shown = theirs.get(at * step) ?? "";
            // mbpoll prints six digits of a float.
            const same = type === "float32" ? Number(one.value.toPrecision(6)) : one.value;
            assert.equal(same, Number(shown), `${table}:${at * step}`);
          });
          passed++;
        });
      }
    } finally {
      await server.stop();
      const result = passed === cases.length ? "all passed" : `${cases.length - passed} failed`;
      console.log(`interop modbus: mbpoll ${version ?? ""}: ${cases.length} cases, ${result}`);
    }
  },
);

if (missing !== undefined) console.log(`interop modbus: ${missing}: not reachable here`);
