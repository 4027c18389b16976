/** A whole gateway, asked over its own ports by people of every role, by strangers and by a page over plain HTTP. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as plainRequest, type IncomingHttpHeaders } from "node:http";
import { request as secureRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { callDoor } from "@millwright/local-door";

import { roles } from "./roles.ts";
import type { ActingRoute, PageRoute, Role } from "./hand-over.ts";
import { runRuntime } from "./runtime.ts";
import { loadSettings } from "./settings/load-settings.ts";
import { carrierFiles } from "./sync/carrier/carrier-files.ts";

const folder = mkdtempSync(join(tmpdir(), "millwright-roles-"));
const name = "gw-1.plant.example";
/** So long that no count or time holds it by chance. */
const pin = "402917558163";
const end = new AbortController();
let running: Promise<void> = Promise.resolve();
let routes: readonly PageRoute[] = [];
let http = "";
let https = "";
let printed = "";
const people = new Map<Role, Signed>();

interface Signed {
  readonly cookie: string;
  readonly proof: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly thumbprint: string;
}

before(async () => {
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `gateway: { id: gw-1, name: Gateway 1 }
journal: { folder: journal, mebibytesMax: 64, commitEveryMs: 20 }
hmi: { port: 0, names: [${name}] }
access: { httpsPort: 0 }
`,
  );
  const ready = Promise.withResolvers<string>();
  running = runRuntime(
    {
      settings: loadSettings(file),
      software: "test",
      clock: systemClock,
      random: seededRandom("roles"),
      log: silentLog,
      ready: ({ hmi }) => {
        ready.resolve(hmi);
      },
      print: (text) => {
        printed += text;
      },
      routes: (all) => {
        routes = all;
      },
    },
    end.signal,
  );
  http = await Promise.race([ready.promise, running.then(() => "")]);
  https = /https:\S+(?=,)/.exec(printed)?.[0] ?? "";
  const [code = ""] = /[0-9A-Z]{5}-[0-9A-Z]{5}/.exec(printed) ?? [];
  people.set("engineer", await signIn(code, "engineer", pin));
  for (const role of roles.slice(0, -1)) {
    const query = new URLSearchParams({ name: role, role });
    const { door } = carrierFiles(join(folder, "journal"));
    const answer = await callDoor(door, `/access/add?${query.toString()}`);
    assert.ok(answer instanceof Uint8Array);
    const added = JSON.parse(Buffer.from(answer).toString()) as { readonly code: string };
    people.set(role, await signIn(added.code, "", pin));
  }
});

after(async () => {
  end.abort();
  await running;
  rmSync(folder, { recursive: true, force: true });
});

async function ask(
  base: string,
  method: string,
  path: string,
  options: {
    readonly host?: string;
    readonly as?: Signed | undefined;
    readonly body?: unknown;
  } = {},
): Promise<Answer> {
  const url = new URL(path, base);
  const { host = url.host, as, body = {} } = options;
  const json = method === "GET" ? "" : JSON.stringify(body);
  const send = url.protocol === "https:" ? secureRequest : plainRequest;
  return await new Promise((resolve, reject) => {
    const asked = send(
      url,
      {
        method,
        // It is signed by itself: a person compares the thumbprint, and so do the tests below.
        rejectUnauthorized: false,
        agent: false,
        headers: {
          host,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(json),
          ...(as === undefined ? {} : { cookie: as.cookie, "x-millwright-proof": as.proof }),
        },
      },
      (response) => {
        const { socket } = response;
        const shown = "getPeerCertificate" in socket ? (socket as TLSSocket) : undefined;
        const thumbprint = shown?.getPeerX509Certificate()?.fingerprint256 ?? "";
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, text, thumbprint });
        });
      },
    );
    asked.on("error", reject);
    asked.end(json);
  });
}

async function signIn(code: string, name: string, pass: string): Promise<Signed> {
  const answer = await ask(http, "POST", "/api/access/code", { body: { code, name, pass } });
  assert.equal(answer.status, 200, answer.text);
  const cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  const looked = await ask(http, "GET", "/api/access", { as: { cookie, proof: "" } });
  const { you } = JSON.parse(looked.text) as { readonly you?: { readonly proof: string } };
  return { cookie, proof: you?.proof ?? "" };
}

function acting(): readonly ActingRoute[] {
  return routes.filter((route) => route.kind === "act");
}

/** With something in the place of each name. */
function addressOf(path: string): string {
  return path.replace(/:\w+/g, "none");
}

test("every route that acts is closed to strangers and to every role below its own, and open to the others", async () => {
  assert.ok(acting().length > 0);
  for (const { path, role } of acting()) {
    const address = addressOf(path);
    const stranger = await ask(http, "POST", address);
    assert.equal(stranger.status, 401, `${path} to a stranger: ${stranger.text}`);
    for (const [own, as] of people) {
      const mayAct = roles.indexOf(own) >= roles.indexOf(role);
      // Without its proof a request is from another page.
      const forged = await ask(http, "POST", address, { as: { ...as, proof: "" } });
      assert.equal(forged.status, 401, `${path} to a forged request of ${own}`);
      const { status, text } = await ask(http, "POST", address, { as });
      if (mayAct) assert.ok(![401, 403].includes(status), `${path} to ${own}: ${status} ${text}`);
      else assert.equal(status, 403, `${path} to ${own}: ${text}`);
    }
  }
});

test("an engineer at the page and the command at the door get the same diagnostics, and no PIN is in them", async () => {
  const as = people.get("engineer");
  const { status, text } = await ask(http, "POST", "/api/diagnostics", { as });
  assert.equal(status, 200);
  const made = JSON.parse(text) as { readonly name: string; readonly text: string };
  assert.match(made.name, /^diagnostics-gw-1-\d{8}T\d{6}Z\.json$/);
  const { door } = carrierFiles(join(folder, "journal"));
  const answer = await callDoor(door, "/diagnostics");
  assert.ok(answer instanceof Uint8Array);
  const [atPage, atDoor] = [made.text, Buffer.from(answer).toString()].map(
    (json) => JSON.parse(json) as Record<string, unknown>,
  );
  assert.deepEqual(Object.keys(atPage ?? {}), Object.keys(atDoor ?? {}));
  for (const [section, content] of Object.entries(atPage ?? {})) {
    assert.ok(!JSON.stringify(content).includes('{"failed"'), `${section} is not there`);
  }
  for (const secret of [pin, as?.cookie.split("=")[1] ?? "", as?.proof ?? ""]) {
    for (const form of [secret, Buffer.from(secret).toString("base64")]) {
      assert.ok(form !== "" && !made.text.includes(form), "somebody's secret is in it");
    }
  }
  assert.match(made.text, /"act":"diagnostics.export"|"act":"access.sign-in"/);
});

test("what is not in the list of routes cannot act, under any address and with any method", async () => {
  const as = people.get("engineer");
  const looking = routes.filter(({ kind }) => kind === "look").map(({ path }) => path);
  const addresses = ["/", "/api/gateway", "/api/live", "/api/settings", "/api/roles", ...looking];
  for (const address of addresses.map(addressOf)) {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const { status } = await ask(http, method, address, { as });
      assert.equal(status, 404, `${method} ${address}`);
    }
  }
  for (const { path } of acting()) {
    assert.equal((await ask(http, "PUT", addressOf(path), { as })).status, 404, path);
  }
});

test("no two routes have one address, so that none stands before the rule of another", () => {
  const known = routes.map(({ kind, path }) => `${kind === "look" ? "GET" : "POST"} ${path}`);
  assert.deepEqual([...new Set(known)], known);
});

test("looking needs nobody, on every road", async () => {
  for (const base of [http, https]) {
    const host = `${name}:${new URL(base).port}`;
    for (const path of ["/api/gateway", "/api/counters", "/api/access"]) {
      assert.equal((await ask(base, "GET", path, { host })).status, 200, `${base} ${path}`);
    }
  }
});

test("over plain HTTP under another name signing in and acting are refused with the HTTPS address (V11)", async () => {
  const host = `${name}:${new URL(http).port}`;
  const as = people.get("engineer");
  const wanted = `https://${name}:${new URL(https).port}/`;
  const entering = ["/api/access/sign-in", "/api/access/code"];
  for (const path of [...entering, ...acting().map(({ path }) => addressOf(path))]) {
    const body = { person: "engineer", pass: pin };
    const { status, text } = await ask(http, "POST", path, { host, as, body });
    assert.equal(status, 403, path);
    const { reason, https: open } = JSON.parse(text) as Record<string, string>;
    assert.match(reason ?? "", /plain HTTP/);
    assert.equal(open, wanted);
  }
});

test("over HTTPS with the thumbprint of the terminal people sign in, and their cookie goes nowhere else", async () => {
  const host = `${name}:${new URL(https).port}`;
  const body = { person: "engineer", pass: pin };
  const { status, headers, thumbprint, text } = await ask(https, "POST", "/api/access/sign-in", {
    host,
    body,
  });
  assert.equal(status, 200, text);
  assert.ok(thumbprint !== "" && printed.includes(thumbprint));
  const [cookie = ""] = headers["set-cookie"] ?? [];
  assert.match(
    cookie,
    /^__Host-millwright-gw-1=[\w-]{43}; Path=\/;.*HttpOnly; SameSite=Strict; Secure$/,
  );
});

test("another host name is answered on neither road", async () => {
  for (const base of [http, https]) {
    assert.equal((await ask(base, "GET", "/api/gateway", { host: "evil.example" })).status, 403);
  }
});

test("the certificate names the gateway as the settings do", () => {
  const view = new X509Certificate(readFileSync(join(folder, "journal/private/https.pem")));
  assert.equal(view.checkHost(name), name);
  assert.equal(view.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(view.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
});
