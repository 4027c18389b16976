/** Secrets are planted wherever one can be, and the diagnostics are searched for them in every form. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";

import { LogRing, PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import type { GatewayCounters } from "@millwright/wire-contract";

import { openJournalCore, type JournalCore } from "./buffer/journal.ts";
import { diagnosticsCommand } from "./commands/diagnostics.ts";
import { diagnosticsBytesMax, joinDiagnostics, sectionsOf } from "./diagnostics-parts.ts";
import { createRedaction, type Redaction } from "./diagnostics/redact.ts";
import { noHub } from "./hub-parts.ts";
import { loadSettings, type Settings } from "./settings/load-settings.ts";

/** In files that settings name, or of the gateway's own: known by their values. */
const passwords = {
  "secret/hub.credentials": "hub Tr0ub4dor/9+%",
  "secret/mqtt.password": 'mqtt"Tr0ub4dor&3\\',
  "secret/opcua.password": "opcua-Tr0ub4dör-7",
  "secret/publish.password": "publish=Tr0ub4dor?",
  "journal/private/access-secret": "c2VjcmV0IG9mIHRoaXMgZ2F0ZXdheSBhbG9uZSEhISE=",
  "journal/door.json": "0123456789abcdef0123456789abcdef",
} as const;
/** Known by nobody: by their looks alone. Of each what must not be found. */
const others = {
  "of an old address": { secret: "Xk9-old-pass", in: "mqtt://plant:Xk9-old-pass@10.0.0.5:1883" },
  "of another's token": { secret: "q8Zt5vN2w7", in: "Authorization: Bearer q8Zt5vN2w7" },
  "of a query": { secret: "r7Qm4tL9", in: "https://x.example/api?token=r7Qm4tL9&page=2" },
  "of a one-time code": { secret: "K7Q2M-9ZXB4", in: "type the code K7Q2M-9ZXB4" },
  "of a PIN": { secret: "402917558163", in: "PIN: 402917558163" },
} as const;

const settingsText = `
gateway: { id: line-1, name: Line 1 }
hub: { url: "nats://127.0.0.1:1", credentialsFile: secret/hub.credentials }
journal: { folder: journal }
publish:
  sparkplug: { url: "mqtt://127.0.0.1:1", group: plant, user: plant, passwordFile: secret/publish.password }
devices:
  - id: cell
    protocol: mqtt
    connection: { url: "mqtt://127.0.0.1:1", user: plant, passwordFile: secret/mqtt.password }
    tags: [{ id: cell/t, name: T, address: cell/t, type: float64, kind: measurement, unit: Cel }]
  - id: press
    protocol: opcua
    connection:
      url: opc.tcp://127.0.0.1:1
      user: { kind: password, name: plant, passwordFile: secret/opcua.password }
    tags: [{ id: press/t, name: T, address: "nsu=urn:x;s=t", type: float64, kind: measurement, unit: Cel }]
`;

interface Place {
  readonly folder: string;
  readonly settings: Settings;
  /** All that must not be found, each in all of its forms. */
  readonly forms: ReadonlyMap<string, readonly string[]>;
  /** What is written where nobody thought of secrets. */
  readonly texts: readonly string[];
}

function makePlace(context: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), "millwright-secrets-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const files: Readonly<Record<string, string>> = {
    "gateway.yaml": settingsText,
    ...passwords,
    "secret/hub.credentials": `gateway\n${passwords["secret/hub.credentials"]}\n`,
    "journal/door.json": JSON.stringify({ port: 1, secret: passwords["journal/door.json"] }),
    "journal/gateway-key.pem": pem,
    "journal/private/https-key.pem": pem,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const known = Object.values(passwords);
  const keyLines = pem.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  const forms = new Map<string, readonly string[]>([
    ...known.map((secret) => [secret, formsOf(secret)] as const),
    ...keyLines.map((line) => [line, [line]] as const),
    ...Object.values(others).map(({ secret }) => [secret, [secret]] as const),
  ]);
  const texts = [
    ...known.flatMap(formsOf),
    ...known.map((secret) => `mqtt://plant:${secret}@10.0.0.5:1883 does not answer`),
    ...Object.values(others).map((other) => other.in),
    pem,
    JSON.stringify({ pem }),
  ].map((text) => `while connecting: ${text} (tried again)`);
  return { folder, settings: loadSettings(join(folder, "gateway.yaml")), forms, texts };
}

function formsOf(secret: string): readonly string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("base64url"),
    Buffer.from(`plant:${secret}`).toString("base64"),
    Buffer.from(`x:${secret}@y`).toString("base64"),
    Buffer.from(secret).toString("hex"),
  ];
}

async function openJournal({ folder, texts }: Place, clock: PlayedClock): Promise<JournalCore> {
  const journal = openJournalCore({
    ...{ folder: join(folder, "journal"), gateway: "line-1" as never, commitEveryMs: 1_000, clock },
    ...{ keepRawHours: 24, bytesMax: 2 ** 28, tellEveryMs: 1_000, random: seededRandom(1) },
    ...{ log: silentLog, onBroken: () => undefined },
  });
  await journal.events.keep(
    texts.map((reason, at) => ({
      ...({ kind: "audit", atUs: clock.nowUs(), asset: "", subject: "ada" } as const),
      body: {
        ...{ index: at + 1, person: "ada", device: "terminal", act: "test", object: reason },
        ...({ result: "failed", why: reason, chain: "0".repeat(64) } as const),
      },
    })),
  );
  return journal;
}

/** @param redaction in the place of the one that the gateway makes */
async function diagnose(
  place: Place,
  journal: JournalCore,
  clock: PlayedClock,
  redaction?: Redaction,
): Promise<string> {
  const { settings, texts } = place;
  const ring = new LogRing();
  for (const reason of texts) {
    ring.write(`${JSON.stringify({ level: "warn", event: "acquire.down", reason })}\n`);
    ring.write(`a library says: ${reason}\n`);
  }
  ring.write(JSON.stringify({ event: "x", password: "Vq2-by-name", sessionToken: "Vq2-by-name" }));
  const [note = ""] = texts;
  const counters: GatewayCounters = {
    ...({ unexplained: 0, clock: "set", devices: [] } as const),
    journal: { ...journal.counters(), bytesMax: 2 ** 28 },
  };
  const desk = joinDiagnostics({
    ...{ settings, software: "test", journal, clock },
    devices: settings.devices.map(({ id, name, driver }) => ({
      status: {
        ...({ device: id, name, protocol: driver.protocol, state: "down" } as const),
        ...{ sinceUs: 1, confirmedUs: 0, note, badge: "" },
      },
      account: { due: 1, read: 1, lost: 0, unexplained: 0 },
    })),
    counters: () => counters,
    hub: () => noHub,
    tested: () => ({
      atUs: 1,
      found: { steps: [{ step: "sign-in", outcome: "failed", found: note, tookMs: 1 }] },
    }),
    logged: () => ring.lines,
    ...(redaction === undefined ? {} : { redaction }),
  });
  const made = await desk.make(new AbortController().signal);
  assert.ok("text" in made);
  return made.text;
}

test("with all its sections full the file is not larger than it is said to be", (context) => {
  const { settings } = makePlace(context);
  const nothing = (): never => assert.fail("it is not read");
  const sections = sectionsOf(
    {
      ...{
        settings,
        software: "test",
        devices: [],
        journal: {} as never,
        clock: new PlayedClock(),
      },
      ...{ counters: nothing, hub: nothing, tested: nothing, logged: () => [] },
    },
    createRedaction([]),
    1,
    1,
  );
  const between = 64 * sections.length;
  const bytes = sections.reduce((sum, { bytesMax }) => sum + bytesMax, between);
  assert.ok(bytes <= diagnosticsBytesMax, `${bytes} bytes`);
});

function leaks(text: string, forms: Place["forms"]): readonly string[] {
  return [...forms].flatMap(([secret, written]) =>
    written.some((form) => text.includes(form)) ? [secret] : [],
  );
}

test("no secret is in the diagnostics of a gateway that runs, and without the redaction each would be", async (context) => {
  const clock = new PlayedClock();
  const place = makePlace(context);
  const journal = await openJournal(place, clock);
  const text = await diagnose(place, journal, clock);
  assert.deepEqual(leaks(text, place.forms), []);
  assert.doesNotMatch(text, /Vq2-by-name/);
  // What helps is there all the same.
  for (const words of [
    "acquire.down",
    "10.0.0.5:1883",
    '"credentialsFile":"(set)"',
    "opc.tcp://127.0.0.1:1",
  ]) {
    assert.ok(text.includes(words), words);
  }

  const off: Redaction = { text: (words) => words, data: (value) => value };
  const open = await diagnose(place, journal, clock, off);
  assert.deepEqual(leaks(open, place.forms), [...place.forms.keys()]);
  assert.match(open, /Vq2-by-name/);
  await journal.close();
});

test("no secret is in the diagnostics of a gateway that does not run, also where its settings do not hold", async (context) => {
  const clock = new PlayedClock();
  const place = makePlace(context);
  await (await openJournal(place, clock)).close();
  const file = join(place.folder, "gateway.yaml");
  const run = async (): Promise<Record<string, unknown>> => {
    let out = "";
    const code = await diagnosticsCommand.run(["--settings", file, "--to", place.folder], {
      ...{ clock, random: seededRandom(1), log: silentLog, until: new AbortController().signal },
      out: { write: (text) => (out += text) },
    });
    assert.equal(code, 0);
    const made = out.split("\n")[0] ?? "";
    const text = readFileSync(made, "utf8");
    assert.deepEqual(leaks(text, place.forms), []);
    rmSync(made);
    return JSON.parse(text) as Record<string, unknown>;
  };
  const whole = await run();
  const events = whole["events"] as { readonly entries: readonly unknown[] };
  assert.equal(events.entries.length, place.texts.length);
  assert.match(JSON.stringify(whole["lanes"]), /"critical"/);
  assert.match(JSON.stringify(whole["devices"]), /"url":"opc\.tcp:\/\/127\.0\.0\.1:1"/);

  // Somebody has tried it in the wrong places.
  const address = `nats://u:${encodeURIComponent(passwords["secret/mqtt.password"])}@hub:4222`;
  writeFileSync(
    file,
    settingsText
      .replace("nats://127.0.0.1:1", address)
      .replace("name: Line 1", "name: Line 1, pin: 402917558163, token: q8Zt5vN2w7"),
  );
  const faulty = await run();
  const { written, problems } = faulty["settings"] as Record<string, Record<string, unknown>>;
  assert.deepEqual(written?.["gateway"], {
    ...{ id: "line-1", name: "Line 1", site: "(not set)" },
    "(other keys)": 2,
  });
  assert.match(JSON.stringify(problems), /without user and password/);
});
