import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freshFolder } from "./test-help.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

type Child = ChildProcessByStdio<null, Readable, Readable>;

function run(...args: readonly string[]): Child {
  return spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

async function outcome(
  child: Child,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = "";
  let err = "";
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, out, err };
}

test("the program says on one line where everything is, and ends cleanly when told to", async () => {
  const folder = await freshFolder();
  const child = run("--data", folder, "--protocols", "modbus-tcp,mqtt,modbus-rtu,rtu-over-tcp");
  const ended = outcome(child);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const ready = JSON.parse(line.toString()) as {
    readonly ready: boolean;
    readonly modbusTcp: { readonly port: number };
    readonly mqtt: { readonly url: string };
  };
  assert.equal(ready.ready, true);
  child.kill("SIGTERM");
  const { code, out } = await ended;
  assert.equal(code, 0);
  assert.equal(out.trim().split("\n").length, 1, "nothing else on standard output");
  for (const port of [ready.modbusTcp.port, Number(new URL(ready.mqtt.url).port)]) {
    const socket = connect(port, "127.0.0.1");
    await assert.rejects(
      once(socket, "connect"),
      /ECONNREFUSED/,
      `port ${port} is let go, its child has ended`,
    );
  }
  await rm(folder, { recursive: true });
});

test("Ctrl-C, which also ends the broker beside the program, still ends it cleanly", async () => {
  const folder = await freshFolder();
  const args = ["--data", folder, "--protocols", "mqtt,modbus-rtu"];
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, as a terminal makes for what is started in it.
    detached: true,
  });
  const ended = outcome(child);
  await once(child.stdout, "data");
  assert.ok(child.pid !== undefined);
  process.kill(-child.pid, "SIGINT");
  assert.equal((await ended).code, 0);
  await rm(folder, { recursive: true });
});

test("bad arguments are reported together, with exit code 2 and nothing started", async () => {
  const { code, out, err } = await outcome(
    run("--machines", "many", "--protocols", "opcua,telex", "--rate", "99"),
  );
  assert.equal(code, 2);
  assert.equal(out, "");
  for (const word of ["--data", "--machines", "telex", "--rate"])
    assert.ok(err.includes(word), word);
});

test("a schedule that cannot be played is refused with its path before anything starts", async () => {
  const folder = await freshFolder();
  const file = join(folder, "faults.yaml");
  await writeFile(file, "faults:\n  - { kind: stuck, machine: pump-7, point: x }\n");
  const { code, err } = await outcome(
    run("--data", folder, "--faults", file, "--protocols", "modbus-tcp"),
  );
  assert.equal(code, 2);
  assert.match(err, /faults\[0\]\.machine: there is no "pump-7"/);
  await rm(folder, { recursive: true });
});

test("--help explains every option", async () => {
  const { code, out } = await outcome(run("--help"));
  assert.equal(code, 0);
  for (const flag of ["--data", "--faults", "--replay", "--truth", "--protocols"])
    assert.ok(out.includes(flag));
});
