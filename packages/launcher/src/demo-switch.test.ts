import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { askForMove, listenForMoves, NoDemo, planMove } from "./demo-switch.ts";
import { HubCable } from "./hub-cable.ts";

function freshFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millwright-switch-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

test("a word without a line moves all of them, and a wrong one is refused with what there is", () => {
  const lines = ["line-1", "line-2"];
  assert.deepEqual(planMove("cut", lines), { move: "cut", lines });
  assert.deepEqual(planMove(" join line-2\n", lines), { move: "join", lines: ["line-2"] });
  assert.match(JSON.stringify(planMove("cut line-3", lines)), /line-1, line-2/);
  assert.match(JSON.stringify(planMove("pull", lines)), /no move/);
});

test("another program pulls the cable of one line and plugs it in again", async (t) => {
  const folder = freshFolder(t);
  const cables = new Map<string, HubCable>();
  for (const line of ["line-1", "line-2"]) {
    const cable = await HubCable.lay({ host: "127.0.0.1", port: 9 });
    cables.set(line, cable);
    t.after(() => cable.remove());
  }
  const moves: string[] = [];
  const listening = await listenForMoves(folder, {
    lines: [...cables.keys()],
    do(move, line) {
      moves.push(`${line} ${move}`);
      if (move === "wear") return Promise.reject(new Error("the plant does not run"));
      if (move === "cut") cables.get(line)?.pull();
      else cables.get(line)?.plug();
      return Promise.resolve();
    },
  });
  const isCut = (): readonly boolean[] => [...cables.values()].map((cable) => cable.isCut);
  assert.match(await askForMove(folder, "cut line-1"), /line-1 and the hub is pulled/);
  assert.deepEqual(isCut(), [true, false]);
  assert.match(await askForMove(folder, "cut"), /line-1 and line-2/);
  assert.deepEqual(isCut(), [true, true]);
  await askForMove(folder, "join");
  assert.deepEqual(isCut(), [false, false]);
  assert.match(await askForMove(folder, "cut attic"), /no line "attic"/);
  assert.match(await askForMove(folder, "wear line-2"), /the plant does not run/);
  assert.deepEqual(moves, [
    ...["line-1 cut", "line-1 cut", "line-2 cut"],
    ...["line-1 join", "line-2 join", "line-2 wear"],
  ]);
  await listening.stop();
  await assert.rejects(askForMove(folder, "cut"), NoDemo);
});

test("a demo that was killed is told from one that runs", async (t) => {
  const folder = freshFolder(t);
  await assert.rejects(askForMove(folder, "cut"), NoDemo);
  // Port 1 of this machine listens to nobody: what a killed demo leaves behind.
  writeFileSync(join(folder, "switch.json"), JSON.stringify({ port: 1 }));
  await assert.rejects(askForMove(folder, "cut"), NoDemo);
});
