import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { freePort } from "@millwright/kit";
import pg from "pg";

import { PortTaken, ProgramMissing } from "./child-faults.ts";
import { linkEmbeddedPostgres } from "./embedded-postgres.ts";
import { findPrograms } from "./find-program.ts";
import { isAnswering } from "./ports.ts";
import { isRunning } from "./process-table.ts";
import {
  makeDataFolder,
  removeDataFolder,
  testBroker,
  testConnections,
  testDatabase,
  until,
} from "./test-children.ts";

function dataFolder(t: TestContext): string {
  const folder = makeDataFolder();
  t.after(() => {
    removeDataFolder(folder);
  });
  return folder;
}

function listening(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(port, "127.0.0.1", () => {
      resolve(server);
    });
  });
}

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

test("the broker starts on a free port, keeps it, and ends with its owner", async (t) => {
  const folder = dataFolder(t);
  const first = testBroker(folder);
  await first.child.start();
  const { port, pid } = first.child;
  assert.ok(await isAnswering(port));
  await first.child.stop(soon());
  assert.equal(isRunning(pid), false);

  const second = testBroker(folder);
  await second.child.start();
  t.after(() => second.child.stop(soon()));
  assert.equal(second.child.port, port);
  assert.equal(second.child.adopted, false);
});

test("a broker whose owner was killed is found again by process and port", async (t) => {
  const folder = dataFolder(t);
  const first = testBroker(folder);
  await first.child.start();
  const second = testBroker(folder);
  await second.child.start();
  t.after(async () => {
    await second.child.stop(soon());
    await first.child.stop(soon());
  });
  assert.equal(second.child.adopted, true);
  assert.equal(second.child.pid, first.child.pid);
});

test("a process that merely has the recorded number is not taken for the broker", async (t) => {
  const folder = dataFolder(t);
  mkdirSync(join(folder, "nats"));
  writeFileSync(join(folder, "nats", "nats-server.pid"), String(process.pid));
  writeFileSync(join(folder, "nats", "port"), "4999");
  const { child } = testBroker(folder);
  await child.start();
  t.after(() => child.stop(soon()));
  assert.equal(child.adopted, false);
  assert.notEqual(child.pid, process.pid);
});

test("a broker that is killed comes back on its port", async (t) => {
  const { child } = testBroker(dataFolder(t));
  await child.start();
  t.after(() => child.stop(soon()));
  const { pid, port } = child;
  process.kill(pid, "SIGKILL");
  await until("the broker is back", async () => child.pid !== pid && (await isAnswering(port)));
  assert.equal(child.port, port);
});

test("a chosen port that is taken is reported with its holder, and not fought over", async (t) => {
  const port = await freePort();
  const server = await listening(port);
  t.after(() => server.close());
  const folder = dataFolder(t);
  await assert.rejects(testBroker(folder, port).child.start(), (failure: unknown) => {
    assert.ok(failure instanceof PortTaken);
    assert.match(failure.message, new RegExp(`port ${port} for nats-server is taken by `));
    if (process.platform === "linux")
      assert.match(failure.message, new RegExp(`process ${process.pid} `));
    return true;
  });
  await assert.rejects(testDatabase(folder, port).child.start(), PortTaken);
});

test("a remembered port that somebody took meanwhile is exchanged for a free one", async (t) => {
  const folder = dataFolder(t);
  const port = await freePort();
  mkdirSync(join(folder, "nats"));
  writeFileSync(join(folder, "nats", "port"), `${port}\n`);
  const server = await listening(port);
  t.after(() => server.close());
  const { child } = testBroker(folder);
  await child.start();
  t.after(() => child.stop(soon()));
  assert.notEqual(child.port, port);
});

test("credentials are made once, differ from place to place, and are the owner's to read", (t) => {
  const one = dataFolder(t);
  const other = dataFolder(t);
  const file = join(one, "gateway.credentials");
  testBroker(one);
  const made = readFileSync(file, "utf8");
  testBroker(one);
  testBroker(other);
  assert.equal(readFileSync(file, "utf8"), made);
  assert.notEqual(readFileSync(join(other, "gateway.credentials"), "utf8"), made);
  assert.match(made, /^gateway\n[\w-]{32}\n$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("PostgreSQL starts with durable settings, survives its owner, and keeps its data", async (t) => {
  const folder = dataFolder(t);
  const first = testDatabase(folder);
  await first.child.start();
  const client = new pg.Client({ connectionString: first.url() });
  await client.connect();
  const settings = await client.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')",
  );
  assert.deepEqual(
    settings.rows.map((row) => row.setting),
    ["on", "on", "on"],
  );
  const most = await client.query<{ max_connections: string }>("show max_connections");
  assert.equal(most.rows[0]?.max_connections, String(testConnections));
  await client.query("create table kept (value int)");
  await client.end();

  const again = testDatabase(folder);
  await again.child.start();
  assert.equal(again.child.pid, first.child.pid);
  assert.equal(again.url(), first.url());
  await first.child.stop(soon());
  await again.child.stop(soon());

  const third = testDatabase(folder);
  await third.child.start();
  t.after(() => third.child.stop(soon()));
  assert.equal(third.child.adopted, false);
  const later = new pg.Client({ connectionString: third.url() });
  await later.connect();
  await later.query("select value from kept");
  await later.end();
});

test("without the password nobody gets into the database", async (t) => {
  const server = testDatabase(dataFolder(t));
  const { child } = server;
  await child.start();
  t.after(() => child.stop(soon()));
  const client = new pg.Client({ connectionString: server.url().replace(/:[^:@]+@/, ":guess@") });
  await assert.rejects(client.connect(), /password authentication failed/);
});

test("a program is looked for in the settings alone when they name it, else in PATH, usual folders, packages", (t) => {
  const folder = dataFolder(t);
  const make = (name: string): string => {
    const at = join(folder, name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "tool"), "", { mode: 0o755 });
    return at;
  };
  const places = {
    path: [join(folder, "empty")],
    usual: [join(folder, "lib/*/bin")],
    packaged: [make("packaged")],
    debianPackage: "tools",
  };
  assert.equal(findPrograms(["tool"], places), join(folder, "packaged"));
  make("lib/9/bin");
  make("lib/15/bin");
  assert.equal(findPrograms(["tool"], places), join(folder, "lib/15/bin"));
  assert.equal(findPrograms(["tool"], { ...places, path: [make("path")] }), join(folder, "path"));
  assert.throws(
    () => findPrograms(["tool"], { ...places, chosen: join(folder, "empty") }),
    (failure: unknown) =>
      failure instanceof ProgramMissing && /apt-get install tools/.test(failure.hint),
  );
});

test("the links that npm cannot carry are made once and are relative", (t) => {
  const folder = dataFolder(t);
  mkdirSync(join(folder, "native", "lib"), { recursive: true });
  writeFileSync(join(folder, "native", "lib", "libpq.so.5.18"), "library");
  writeFileSync(
    join(folder, "native", "pg-symlinks.json"),
    JSON.stringify([
      { source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" },
      { source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so" },
    ]),
  );
  symlinkSync("libpq.so.5.18", join(folder, "native/lib/libpq.so"));
  assert.equal(linkEmbeddedPostgres(folder), 1);
  assert.equal(linkEmbeddedPostgres(folder), 0);
  assert.ok(existsSync(join(folder, "native/lib/libpq.so.5")));
});
