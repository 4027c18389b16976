/** A plant's broker that encrypts and asks for certificate and password: what keeps the node out is said, and nothing is lost meanwhile. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";
import { decodePayload } from "@millwright/sparkplug-b";

import { ensureHttpsCertificate, type HttpsCertificate } from "../../access/https-certificate.ts";
import { until } from "../../acquire/contract-reader.ts";
import { startTestBroker } from "../../acquire/mqtt/test-broker.ts";
import {
  makeClientCertificate,
  type ClientCertificate,
} from "../../acquire/mqtt/test-certificate.ts";
import { TestGateway } from "./test-gateway.ts";

const dayUs = 86_400_000_000;

interface Plant {
  readonly gateway: TestGateway;
  /** What the log says of the broker, oldest first. */
  readonly said: readonly string[];
  /** Times of the samples that the broker was told, ms. */
  readonly heardMs: ReadonlySet<number>;
  readonly passwordFile: string;
  readonly caFile: string;
  readonly certificate: HttpsCertificate;
  /** What the gateway shows of itself. */
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly own: ClientCertificate;
  /** How often the broker has refused the password. */
  refused(): number;
  /** Takes the broker away and brings it back with another certificate. */
  showInstead(certificate: HttpsCertificate): Promise<void>;
}

function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "secure-broker-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

async function certificateFor(
  t: TestContext,
  name: string,
  madeUs = systemClock.nowUs(),
): Promise<HttpsCertificate> {
  const folder = tempFolder(t);
  const files = { httpsKey: join(folder, "key.pem"), httpsCertificate: join(folder, "cert.pem") };
  return ensureHttpsCertificate(files, [name], madeUs);
}

/** The gateway has the right certificate and the right password to begin with. */
async function plant(t: TestContext, showsItself = true): Promise<Plant> {
  const folder = tempFolder(t);
  const certificate = await certificateFor(t, "127.0.0.1");
  const own = await makeClientCertificate("press-hall");
  let shown = certificate;
  let refused = 0;
  const broker = await startTestBroker({
    authenticate(user, password) {
      const known = user === "press-hall" && password === "right one";
      if (!known) refused++;
      return known;
    },
    certificate: () => shown,
    clientAuthority: own.certificate,
  });
  t.after(() => broker.stop());
  const heardMs = new Set<number>();
  broker.onPublish((topic, bytes) => {
    if (!topic.includes("/DDATA/")) return;
    for (const { timestampMs } of decodePayload(bytes).metrics) heardMs.add(timestampMs ?? NaN);
  });
  const [passwordFile, caFile] = [join(folder, "password"), join(folder, "ca.pem")];
  writeFileSync(passwordFile, "right one\n");
  const [certificateFile, keyFile] = [join(folder, "own.pem"), join(folder, "own-key.pem")];
  writeFileSync(caFile, certificate.certificate);
  writeFileSync(certificateFile, own.certificate);
  writeFileSync(keyFile, own.key);
  const said: string[] = [];
  const gateway = new TestGateway(t, broker.url, {
    broker: {
      ...{ url: broker.url, clientId: "gw-1-sparkplug", keepAliveSeconds: 30 },
      ...{ connectTimeoutMs: 10_000, user: "press-hall", passwordFile, caFile },
      ...(showsItself ? { certificateFile, keyFile } : {}),
    },
    log: {
      ...silentLog,
      warn(event, fields) {
        if (event === "publish.broker-away") said.push(JSON.stringify(fields));
      },
    },
  });
  return {
    ...{ gateway, said, heardMs, passwordFile, caFile, certificate },
    ...{ certificateFile, keyFile, own },
    refused: () => refused,
    async showInstead(other) {
      await broker.cut();
      shown = other;
      await broker.mend();
    },
  };
}

const isLive = (gateway: TestGateway) => (): boolean => {
  const { state, waiting } = gateway.node.state();
  return state === "live" && waiting === 0;
};

test("with the right certificates and password the node is live over TLS", async (t) => {
  const { gateway, heardMs, said } = await plant(t);
  await gateway.start();
  const told = await gateway.keep(20);
  await until("the node is live", isLive(gateway));
  await until("all is told", () => told.every((ms) => heardMs.has(ms)));
  assert.deepEqual(said, []);
});

const troubles: readonly {
  readonly name: string;
  readonly make: (plant: Plant, t: TestContext) => Promise<void> | void;
  readonly mend: (plant: Plant) => Promise<void> | void;
  readonly why: RegExp;
  readonly hint: RegExp;
}[] = [
  {
    name: "a wrong password",
    make: ({ passwordFile }) => {
      writeFileSync(passwordFile, "wrong one\n");
    },
    mend: ({ passwordFile }) => {
      writeFileSync(passwordFile, "right one\n");
    },
    why: /^the broker answers "[^"]*[Bb]ad user ?name or password"$/,
    hint: /password file/,
  },
  {
    name: "a password file that is not there",
    make: ({ passwordFile }) => {
      rmSync(passwordFile);
    },
    mend: ({ passwordFile }) => {
      writeFileSync(passwordFile, "right one");
    },
    why: /^password file \/\S+ cannot be read: ENOENT/,
    hint: /file is there/,
  },
  {
    name: "a certificate that nobody vouches for",
    make: async ({ caFile }, t) => {
      writeFileSync(caFile, (await certificateFor(t, "127.0.0.1")).certificate);
    },
    mend: ({ caFile, certificate }) => {
      writeFileSync(caFile, certificate.certificate);
    },
    why: /^the certificate of the broker is not trusted/,
    hint: /caFile/,
  },
  {
    name: "a CA file without a certificate",
    make: ({ caFile }) => {
      writeFileSync(caFile, "plant-ca.crt\n");
    },
    mend: ({ caFile, certificate }) => {
      writeFileSync(caFile, certificate.certificate);
    },
    why: /^CA file \/\S+ holds no certificate$/,
    hint: /BEGIN CERTIFICATE/,
  },
  {
    name: "a certificate for somebody else",
    make: async (plant, t) => {
      const other = await certificateFor(t, "scada.plant");
      writeFileSync(plant.caFile, other.certificate);
      await plant.showInstead(other);
    },
    mend: async (plant) => {
      writeFileSync(plant.caFile, plant.certificate.certificate);
      await plant.showInstead(plant.certificate);
    },
    why: /^the certificate of the broker is not for the address 127\.0\.0\.1$/,
    hint: /stands in its certificate/,
  },
  {
    name: "a certificate that has expired",
    make: async (plant, t) => {
      const old = await certificateFor(t, "127.0.0.1", systemClock.nowUs() - 1_000 * dayUs);
      writeFileSync(plant.caFile, old.certificate);
      await plant.showInstead(old);
    },
    mend: async (plant) => {
      writeFileSync(plant.caFile, plant.certificate.certificate);
      await plant.showInstead(plant.certificate);
    },
    why: /^the certificate of the broker has expired$/,
    hint: /new certificate/,
  },
  {
    name: "a certificate of the gateway that is not there",
    make: ({ certificateFile }) => {
      rmSync(certificateFile);
    },
    mend: showOwn,
    why: /^certificate file \/\S+ cannot be read: ENOENT/,
    hint: /file is there/,
  },
  {
    name: "a certificate file of the gateway without a certificate",
    make: ({ certificateFile, own }) => {
      writeFileSync(certificateFile, own.key);
    },
    mend: showOwn,
    why: /^certificate file \/\S+ holds no certificate$/,
    hint: /BEGIN CERTIFICATE/,
  },
  {
    name: "a key file without a key",
    make: ({ keyFile, own }) => {
      writeFileSync(keyFile, own.certificate);
    },
    mend: showOwn,
    why: /^key file \/\S+ holds no private key$/,
    hint: /BEGIN PRIVATE KEY/,
  },
  {
    name: "a key that is locked",
    make: ({ keyFile, own }) => {
      const locked = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc" } as const;
      const key = createPrivateKey(own.key).export({ ...locked, passphrase: "secret" });
      writeFileSync(keyFile, key);
    },
    mend: showOwn,
    why: /^key file \/\S+ is locked with a passphrase$/,
    hint: /without one/,
  },
  {
    name: "the key of another certificate",
    make: async ({ keyFile }) => {
      writeFileSync(keyFile, (await makeClientCertificate("press-hall")).key);
    },
    mend: showOwn,
    why: /^key file \/\S+ is not the key of the certificate in \/\S+$/,
    hint: /made together/,
  },
  {
    name: "a certificate of the gateway that the broker does not know",
    make: async ({ certificateFile, keyFile }) => {
      const other = await makeClientCertificate("press-hall");
      writeFileSync(certificateFile, other.certificate);
      writeFileSync(keyFile, other.key);
    },
    mend: showOwn,
    // This broker hangs up without the alert that others send.
    why: /^the broker closed the connection without a word$/,
    hint: /knows the gateway's certificate/,
  },
];

function showOwn({ certificateFile, keyFile, own }: Plant): void {
  writeFileSync(certificateFile, own.certificate);
  writeFileSync(keyFile, own.key);
}

for (const { name, make, mend, why, hint } of troubles) {
  test(`${name} keeps the node out: the log and H7 say why and what to do, and what was kept comes once it is mended`, async (t) => {
    const made = await plant(t);
    const { gateway, said, heardMs } = made;
    await make(made, t);
    await gateway.start();
    const away = await gateway.keep(700);
    await until("it says why", () => gateway.node.state().why !== "" && said.length > 0);
    const state = gateway.node.state();
    assert.equal(state.state, "connecting");
    assert.match(state.why, why);
    assert.match(state.hint, hint);
    assert.equal(said[0], JSON.stringify({ why: state.why, hint: state.hint }));
    assert.equal(heardMs.size, 0);
    await mend(made);
    await until("the node is live", isLive(gateway));
    const { owed, delivered, lost, why: after, hint: afterHint } = gateway.node.state();
    assert.deepEqual([after, afterHint], ["", ""]);
    assert.deepEqual([owed, delivered, lost], [700, 700, 0]);
    assert.deepEqual([...heardMs], away);
  });
}

test("a gateway without a certificate is not let in where one is asked for, and says so", async (t) => {
  const { gateway, heardMs } = await plant(t, false);
  await gateway.start();
  await gateway.keep(20);
  await until("it says why", () => gateway.node.state().why !== "");
  const { why, hint } = gateway.node.state();
  assert.match(why, /^the broker asks for a certificate of the gateway/);
  assert.match(hint, /certificateFile and keyFile/);
  assert.equal(heardMs.size, 0);
});

test("trouble of another kind is said, too: the broker is there again, and now refuses", async (t) => {
  const made = await plant(t);
  const { gateway, said, passwordFile } = made;
  await gateway.start();
  await until("the node is live", isLive(gateway));
  writeFileSync(passwordFile, "wrong one\n");
  await made.showInstead(made.certificate);
  await until("it is refused again and again", () => made.refused() >= 3);
  assert.equal(said.length, 2, "said once, not at each try");
  assert.match(said[0] ?? "", /listens at|runs and that the network/);
  assert.match(said[1] ?? "", /password file/);
});
