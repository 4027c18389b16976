import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import Database from "better-sqlite3";
import type { DeviceId } from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";
import { ClaimTable } from "./claim-table.ts";

function lossOf(device: string): Loss {
  return {
    reason: "link lost",
    scope: { kind: "device", device: device as DeviceId },
    fromUs: 1_000,
    toUs: 2_000,
    count: { kind: "exact", samples: 5 },
  };
}

test("a claim whose transaction ended half way is written by the next one, and as it is by then", () => {
  const db = new Database(":memory:");
  db.exec(readFileSync(new URL("schema.sql", import.meta.url), "utf8"));
  const claims = new ClaimTable(db);
  const write = (): void => {
    db.transaction(() => {
      claims.write();
    })();
    claims.kept();
  };
  claims.add(lossOf("plc-1"), 0);
  write();
  claims.add(lossOf("plc-1"), 0);
  claims.add(lossOf("plc-2"), 0);
  claims.add(lossOf("plc-3"), 0);
  db.exec(
    "create trigger no_room before insert on claim when new.name = 'plc-3' begin select raise(abort, 'no room'); end",
  );
  assert.throws(write, /no room/);
  claims.takenBack();
  db.exec("drop trigger no_room");
  write();
  assert.deepEqual(db.prepare("select name, samples from claim order by name").raw().all(), [
    ["plc-1", 10],
    ["plc-2", 5],
    ["plc-3", 5],
  ]);
});
