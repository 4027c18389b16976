import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import type { GatewayId } from "@millwright/wire-contract";

import { openJournalCore } from "../buffer/journal.ts";
import { backupCommand } from "./backup.ts";
import type { Command } from "./command.ts";
import { restoreCommand } from "./restore.ts";

interface Place {
  readonly folder: string;
  readonly settings: string;
  readonly backups: string;
}

const settingsText = `gateway: { id: line-1, name: Line 1 }
hub: { url: "nats://127.0.0.1:4222", credentialsFile: secret/hub.credentials }
journal: { folder: journal }
devices:
  - { id: press, template: templates/press.yaml, parameters: { address: 127.0.0.1 } }
`;

/** A gateway that has run: settings with a template and a table, a key, the file of a device, and a journal. */
async function makeGateway(context: TestContext): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "millwright-backup-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const files: Readonly<Record<string, string>> = {
    "gateway.yaml": settingsText,
    "secret/hub.credentials": "gateway\npassword\n",
    "templates/press.yaml":
      'protocol: modbus\nparameters: { address: "Where is it?" }\nconnection: { framing: tcp, host: "{address}", unit: 1 }\ntags: press.csv\n',
    "templates/press.csv":
      "id,name,address,type,kind,unit\npress/force,Force,holding:0,uint16,measurement,kN\n",
    "journal/gateway-key.pem": "of this gateway alone",
    "journal/devices/press/known.pem": "met once",
    "journal/door.json": "of a run that was killed",
    "journal/private/access-secret": "in no backup",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const journal = openJournalCore({
    ...{ folder: join(folder, "journal"), gateway: "line-1" as GatewayId, commitEveryMs: 1_000 },
    ...{ keepRawHours: 24, bytesMax: 2 ** 28, tellEveryMs: 1_000, clock: new PlayedClock() },
    ...{ random: seededRandom(1), log: silentLog, onBroken: () => undefined },
  });
  await journal.close();
  return {
    folder,
    settings: join(folder, "gateway.yaml"),
    backups: join(folder, "backups"),
  };
}

async function run(command: Command, ...args: readonly string[]): Promise<string> {
  let out = "";
  const clock = new PlayedClock();
  const code = await command.run(args, {
    ...{ clock, random: seededRandom(2), log: silentLog, until: new AbortController().signal },
    out: {
      write(text) {
        out += text;
      },
    },
  });
  assert.equal(code, 0);
  return out;
}

/** @returns the folder of the backup */
async function backUp({ settings, backups }: Place): Promise<string> {
  const said = await run(backupCommand, "--settings", settings, "--to", backups);
  const path = said.trim().split(" · ")[1] ?? "";
  assert.ok(existsSync(path), said);
  return path;
}

test("a backup holds journal, keys, and every file that the settings name, readable by its owner alone", async (context) => {
  const place = await makeGateway(context);
  const path = await backUp(place);
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .toSorted();
  assert.deepEqual(files, [
    "SHA256SUMS",
    "data/devices/press/known.pem",
    "data/gateway-key.pem",
    "journal.db",
    "settings/gateway.yaml",
    "settings/secret/hub.credentials",
    "settings/templates/press.csv",
    "settings/templates/press.yaml",
  ]);
  assert.equal(statSync(path).mode & 0o077, 0);
});

test("on new hardware one command brings settings, keys and journal back", async (context) => {
  const place = await makeGateway(context);
  await backUp(place);
  const fresh = join(place.folder, "fresh/gateway.yaml");
  await run(restoreCommand, "--settings", fresh, "--from", place.backups);
  for (const path of [
    "gateway.yaml",
    "secret/hub.credentials",
    "templates/press.csv",
    "journal/gateway-key.pem",
    "journal/devices/press/known.pem",
  ]) {
    const there = readFileSync(join(dirname(fresh), path), "utf8");
    assert.equal(there, readFileSync(join(place.folder, path), "utf8"), path);
  }
  assert.ok(!existsSync(join(dirname(fresh), "journal/door.json")));
  // Who steals a backup has no secret to try PINs with.
  assert.ok(!existsSync(join(dirname(fresh), "journal/private")));
});

test("what was there is put aside, and settings that were changed since stay", async (context) => {
  const place = await makeGateway(context);
  await backUp(place);
  writeFileSync(place.settings, settingsText.replace("Line 1", "Line One"));
  writeFileSync(join(place.folder, "journal/after.txt"), "");
  const said = await run(restoreCommand, "--settings", place.settings, "--from", place.backups);
  const aside = /lies in (\S+)/.exec(said)?.[1] ?? "";
  assert.ok(existsSync(join(aside, "after.txt")));
  assert.ok(!existsSync(join(place.folder, "journal/after.txt")));
  assert.match(readFileSync(place.settings, "utf8"), /Line One/);
  // The same box: its people go on signing in.
  const secret = readFileSync(join(place.folder, "journal/private/access-secret"), "utf8");
  assert.equal(secret, "in no backup");
});

test("a byte that changed anywhere in a backup is noticed and named, and nothing is restored", async (context) => {
  const place = await makeGateway(context);
  const path = await backUp(place);
  const random = seededRandom(3);
  const before = readdirSync(place.folder);
  for (const file of ["journal.db", "data/gateway-key.pem", "settings/gateway.yaml"]) {
    const whole = readFileSync(join(path, file));
    for (let time = 0; time < 10; time++) {
      const bytes = Buffer.from(whole);
      const at = random.int(bytes.length);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.int(8)), at);
      writeFileSync(join(path, file), bytes);
      await assert.rejects(
        run(restoreCommand, "--settings", place.settings, "--from", path),
        (failure: unknown) => failure instanceof Error && failure.message.includes(file),
      );
    }
    writeFileSync(join(path, file), whole);
  }
  assert.deepEqual(readdirSync(place.folder), before);
});

test("a journal that is damaged is not taken for a backup", async (context) => {
  const place = await makeGateway(context);
  const file = join(place.folder, "journal/journal.db");
  const bytes = readFileSync(file);
  // Half of the file, from the second page on: the first says what kind of file it is.
  bytes.fill(0xa5, 1_024, bytes.length / 2);
  writeFileSync(file, bytes);
  await assert.rejects(backUp(place));
  assert.deepEqual(readdirSync(place.backups), []);
});
