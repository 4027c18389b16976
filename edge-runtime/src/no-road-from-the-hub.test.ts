/**
 * What a person at the gateway decides – who may do what, which writes are granted, which interlocks hold, whom the
 * gateway trusts – cannot be changed from the hub, whoever has its keys. These tests say that there is no road.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

import { parseOrders } from "./sync/order-messages.ts";
import type { RoadEvents } from "./sync/road.ts";

const source = import.meta.dirname;

/** What decides about people, writes and trust. */
const decided = [
  "access/",
  "decide/commands/settings.ts",
  "acquire/opcua/trust.ts",
  "settings/",
  "commands/",
];

/** All files that the files of a folder load, over as many others as it takes. Types are not loaded. */
function loadedFrom(folder: string): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = readdirSync(join(source, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.includes("test-"))
    .map((name) => join(source, folder, name));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    const text = readFileSync(file, "utf8");
    const imports = text.matchAll(
      /(?:^|\n)(?:import|export)(?! type)[^;]*? from "(\.[^"]+)"|import\("(\.[^"]+)"\)/g,
    );
    for (const [, still, late] of imports)
      waiting.push(resolve(dirname(file), still ?? late ?? ""));
  }
  return new Set(Array.from(found, (file) => relative(source, file)));
}

test("attack 2: nothing that listens to the hub loads what decides about people, grants, interlocks or trust", () => {
  const loaded = [...loadedFrom("sync")];
  assert.ok(loaded.includes("sync/nats-road.ts") && loaded.length > 10);
  for (const file of loaded) {
    assert.ok(!decided.some((place) => file.startsWith(place)), `sync loads ${file}`);
  }
  // The control: the same search finds the road that exists, from the gateway's own command line.
  assert.ok([...loadedFrom("commands")].some((file) => file.startsWith("settings/")));
});

test("attack 2: the road takes three kinds of message from the hub: orders of two kinds, and who acknowledged an alarm", () => {
  const taken: Readonly<Record<keyof RoadEvents, string>> = {
    acked: "the broker has a frame",
    mark: "how far frames are stored",
    orders: "which recorded samples are wanted, and which alarms somebody has seen",
  };
  assert.equal(Object.keys(taken).length, 3);
  const order = {
    ...{ id: 1, tags: ["press/force"], fromUs: 1, toUs: 2, bytesPerSMax: 1, mayAnswer: true },
  };
  const parsed = (kind: string): ReturnType<typeof parseOrders> =>
    parseOrders(
      Buffer.from(JSON.stringify({ version: 1, generation: 1, orders: [{ ...order, kind }] })),
    );
  for (const kind of ["repair", "recording"]) assert.ok("orders" in parsed(kind), kind);
  for (const kind of ["role", "grant", "interlock", "trust", "user", "settings"]) {
    assert.ok("reason" in parsed(kind), kind);
  }
  // Seeing an alarm changes nothing else of it: nothing can be said along that shelves it or takes it out of service.
  const seen = { id: 1, alarm: "hot/H", raisedUs: 1, person: "ada", atUs: 1 };
  const said = { ...seen, act: "shelve", minutes: 480 };
  const message = { version: 1, generation: 1, orders: [], acknowledgements: [said] };
  const read = parseOrders(Buffer.from(JSON.stringify(message)));
  assert.deepEqual("acknowledgements" in read ? read.acknowledgements : [], [seen]);
});

test("attack 2: people and their roles are changed through the local door alone, which asks for its secret", () => {
  const users = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .filter((name) =>
      /from "[^"]*command-handlers\.ts"/.test(readFileSync(join(source, name), "utf8")),
    );
  assert.deepEqual(users.toSorted(), ["access/access.ts", "commands/access.ts"]);
  const runtime = readFileSync(join(source, "runtime.ts"), "utf8");
  // Joined once, to the door whose secret lies in a file of the gateway's own user.
  assert.equal(runtime.match(/people\.handlers/g)?.length, 1);
  assert.match(runtime, /createCarrierDoor\(\{[^}]*\{[^}]*people\.handlers/s);
});
