import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Part, programs } from "@millwright/launcher";
import { stringify } from "yaml";

import { waitFor } from "./wait-for.ts";

const readyMsMax = 60_000;

test("a gateway that starts while the last runtime still has the journal waits for it, and then runs", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millwright-hil-"));
  const settings = join(folder, "gateway.yaml");
  writeFileSync(
    settings,
    stringify({
      gateway: { id: "line-1", name: "Line 1" },
      journal: { folder: "journal" },
      hmi: { port: 0 },
      devices: [],
    }),
  );
  const args = ["--settings", settings];
  const lines: string[] = [];
  const last = new Part({
    ...{ name: "last runtime", program: programs.edge, args: ["run", ...args], readyMsMax },
  });
  t.after(async () => {
    await last.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await last.ready;

  const next = new Part({
    ...{ name: "gateway", program: programs.gateway, args, readyMsMax },
    onLine: (line) => lines.push(line),
  });
  t.after(() => next.stop());
  await waitFor("the word that it waits", readyMsMax, () =>
    lines.some((line) => line.includes("supervise.waits-for-journal")),
  );
  assert.equal(next.running, true);
  last.send("SIGKILL");
  await next.ready;
});
