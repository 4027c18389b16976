/** Children that are killed while the hub comes up: started again, as later on. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { seededRandom, silentLog, systemClock, type Clock, type Log } from "@millwright/kit";

import { buildHub } from "../hub.ts";
import { programFolders } from "../settings/environment.ts";
import { parseSettings } from "../settings/load-settings.ts";
import { ChildFailed } from "./child-faults.ts";
import { despiteChildEnds } from "./despite-child-ends.ts";
import { keeperLooksMs, KeptChild } from "./kept-child.ts";
import { isAnswering } from "./ports.ts";
import { argumentsOf } from "./process-table.ts";
import { childContext, makeDataFolder, removeDataFolder } from "./test-children.ts";

function dataFolder(t: TestContext): string {
  const folder = makeDataFolder();
  t.after(() => {
    removeDataFolder(folder);
  });
  return folder;
}

/** A server that does `first` at its first start, and listens at every further one. */
function childThatFirst(folder: string, first: string): KeptChild {
  const script = join(folder, "child.mjs");
  const starts = join(folder, "starts");
  mkdirSync(folder, { recursive: true });
  writeFileSync(starts, "");
  writeFileSync(
    script,
    `import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
     import { createServer } from "node:net";
     appendFileSync(${JSON.stringify(starts)}, "x");
     writeFileSync(${JSON.stringify(join(folder, "pid"))}, String(process.pid));
     if (readFileSync(${JSON.stringify(starts)}, "utf8") === "x") { ${first} }
     createServer().listen(Number(process.argv[2]), "127.0.0.1");
     process.on("SIGTERM", () => process.exit());`,
  );
  return new KeptChild(
    {
      ...{ name: "test child", folder, pidFile: join(folder, "pid") },
      isOurs: (pid) => argumentsOf(pid).includes(script),
      ...{ chosenPort: undefined, stopSignal: "SIGTERM", insistSignal: "SIGKILL" },
      prepare: () => Promise.resolve(),
      fits: () => true,
      command: (port) => ({
        ...{ program: process.execPath, args: [script, String(port)], cwd: folder },
        environment: {},
      }),
      ready: isAnswering,
    },
    childContext,
  );
}

test("a child that is killed while it comes up is started again", async (t) => {
  const folder = dataFolder(t);
  const child = childThatFirst(folder, "process.kill(process.pid, 'SIGKILL');");
  await child.start();
  t.after(() => child.stop(AbortSignal.timeout(10_000)));
  assert.equal(readFileSync(join(folder, "starts"), "utf8"), "xx");
  assert.equal(child.serving, true);
});

test("a child that ends by itself while it comes up is not: it would do so again", async (t) => {
  const folder = dataFolder(t);
  const child = childThatFirst(folder, "process.exit(1);");
  await assert.rejects(child.start(), ChildFailed);
  assert.equal(readFileSync(join(folder, "starts"), "utf8"), "x");
});

test("an end that is heard of only after the failure explains it, too", async () => {
  const child = { ends: 0, serving: true };
  let tries = 0;
  const join = (): Promise<number> => {
    if (++tries > 1) return Promise.resolve(tries);
    setTimeout(() => child.ends++, 50);
    return Promise.reject(new Error("connection refused"));
  };
  const signal = new AbortController().signal;
  assert.equal(await despiteChildEnds([child], join, childContext, signal), 2);
});

test("a failure that no child's end explains is thrown, and not tried again", async () => {
  let tries = 0;
  const join = (): Promise<never> => {
    tries++;
    return Promise.reject(new Error("tables of a newer version"));
  };
  const signal = new AbortController().signal;
  await assert.rejects(
    despiteChildEnds([{ ends: 0, serving: true }], join, childContext, signal),
    /newer version/,
  );
  assert.equal(tries, 1);
});

/** What the hub says when it has the one and has not yet asked for the other. */
const moments = {
  postgres: { event: "children.started", child: "nats-server" },
  "nats-server": { event: "ingest.tables-brought-up-to-date", child: undefined },
} as const;

for (const name of ["postgres", "nats-server"] as const) {
  test(`a hub whose ${name} is killed while it joins them comes up all the same`, async () => {
    const folder = makeDataFolder();
    const pidFiles = {
      postgres: join(folder, "data/postgres/cluster/postmaster.pid"),
      "nats-server": join(folder, "data/nats/nats-server.pid"),
    };
    const waits: string[] = [];
    let killed = false;
    const logOf = (child: unknown): Log => ({
      ...silentLog,
      warn: (event) => waits.push(event),
      info: (event) => {
        const moment = moments[name];
        if (killed || event !== moment.event || child !== moment.child) return;
        killed = true;
        process.kill(Number(readFileSync(pidFiles[name], "utf8").split("\n")[0]), "SIGKILL");
      },
      child: (fields) => logOf(fields["child"]),
    });
    const settings = parseSettings(
      "dataFolder: data\nreleaseBelow: stored\nhttp: { port: 0 }",
      join(folder, "hub.yaml"),
    );
    // Whoever keeps the child looks after it once the hub has found nobody there: on a busy machine the child would be back
    // before the hub comes to it.
    const clock: Clock = {
      ...systemClock,
      async sleep(ms, signal) {
        do await systemClock.sleep(ms, signal);
        while (ms === keeperLooksMs && killed && !waits.includes("hub.child-ended-at-start"));
      },
    };
    const context = { clock, random: seededRandom(1), log: logOf(undefined) };
    const hub = buildHub(settings, { ...context, programFolders: programFolders() });
    try {
      for (const service of hub.services) await service.start();
      assert.equal(killed, true);
      assert.ok(waits.includes("hub.child-ended-at-start"), waits.join());
      assert.ok(waits.includes("children.ended"), waits.join());
      assert.match(hub.status().console, /^http/);
    } finally {
      for (const service of hub.services.toReversed()) {
        await service.stop(AbortSignal.timeout(10_000)).catch(() => undefined);
      }
      removeDataFolder(folder);
    }
  });
}
