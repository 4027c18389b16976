import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";
import { DataType, MessageSecurityMode, OPCUACertificateManager, SecurityPolicy } from "node-opcua";

import { DeviceUnreachable, SettingsRefused } from "../faults.ts";
import { acceptServerCertificate, inspectServer, opcuaDriver } from "./opcua-driver.ts";
import {
  point,
  TestContext,
  TestReader,
  testSettings,
  until,
  withStateFolder,
} from "./test-client.ts";
import { startTestServer, type TestServer } from "./test-server.ts";
import { acceptCertificateFile, judge } from "./trust.ts";

const never = new AbortController().signal;
const secret = "correct horse";

function isRefusal(pattern: RegExp): (failure: unknown) => boolean {
  return (failure) => {
    assert.ok(
      failure instanceof SettingsRefused,
      `SettingsRefused expected, got ${String(failure)}`,
    );
    assert.match(`${failure.message} ${failure.hint}`, pattern);
    return true;
  };
}

async function accept(device: TestServer, folder: string): Promise<string> {
  const seen = await inspectServer(
    testSettings(device.wire.url),
    { device: "test-1", stateFolder: folder, clock: systemClock, log: silentLog },
    never,
  );
  const thumbprint = seen.certificate?.thumbprint ?? "";
  assert.equal(await acceptServerCertificate(folder, thumbprint), undefined);
  return thumbprint;
}

describe("opcua trust", () => {
  let device: TestServer;
  before(async () => {
    device = await startTestServer({
      userManager: {
        isValidUser: (name: string, word: string) => name === "anna" && word === secret,
      },
    });
    device.add("Value", DataType.Double, 42);
  });
  after(() => device.stop());

  const settings = (more: object = {}): ReturnType<typeof testSettings> =>
    testSettings(device.wire.url, { security: "sign-and-encrypt", ...more });
  const points = (): ReturnType<typeof point>[] => [point(device.address("Value"))];

  test("a server's certificate is shown, accepted by a person, and then values travel encrypted", () =>
    withStateFolder(async (folder) => {
      const context = new TestContext(folder);
      await assert.rejects(
        opcuaDriver.open(settings(), points(), context, never),
        isRefusal(
          /was not accepted yet: thumbprint [0-9A-F]{40}, subject .*valid from .*millwright trust test-1/,
        ),
      );
      const thumbprint = await accept(device, folder);
      assert.match(thumbprint, /^[0-9A-F]{40}$/);
      const session = await opcuaDriver.open(settings(), points(), context, never);
      const reader = new TestReader(session);
      await until("the value is read", () => reader.values(0).includes(42));
      assert.equal(context.badgeText, "");
      const channel = device.server.endpoints[0]?.getChannels().at(-1);
      assert.equal(channel?.securityMode, MessageSecurityMode.SignAndEncrypt);
      assert.equal(channel.securityPolicy, SecurityPolicy.Basic256Sha256);
      await reader.stop();
      await session.end(never);
    }));

  test("a certificate that is not the accepted one is refused, and can be accepted in its place", () =>
    withStateFolder(async (folder) => {
      await accept(device, folder);
      const [name] = await readdir(join(folder, "trust"));
      // As if another certificate had been accepted before: the server's is now the changed one.
      const der = await readFile(join(folder, "trust", name ?? ""));
      await writeFile(join(folder, "trust", name ?? ""), Buffer.concat([der, Buffer.of(0)]));
      await assert.rejects(
        opcuaDriver.open(settings(), points(), new TestContext(folder), never),
        isRefusal(/certificate is not the one that was accepted/),
      );
      await accept(device, folder);
      const session = await opcuaDriver.open(settings(), points(), new TestContext(folder), never);
      await session.end(never);
    }));

  test("only a certificate that was seen can be accepted", () =>
    withStateFolder(async (folder) => {
      const refused = await acceptServerCertificate(folder, "AB".repeat(20));
      assert.match(refused?.reason ?? "", /connect to the device first/);
      const outside = await acceptServerCertificate(folder, "../../x");
      assert.equal(outside?.kind, "refused");
    }));

  test("a certificate that came as a file is accepted before the server was ever met, when it is the compared one", () =>
    withStateFolder(async (folder) => {
      const pem = device.server.getCertificate();
      const seen = new X509Certificate(pem);
      const thumbprint = seen.fingerprint;
      const other = thumbprint.startsWith("00")
        ? `11${thumbprint.slice(2)}`
        : `00${thumbprint.slice(2)}`;
      assert.match(
        (await acceptCertificateFile(folder, pem, other))?.reason ?? "",
        /holds the certificate/,
      );
      assert.match(
        (await acceptCertificateFile(folder, Buffer.from("x"), thumbprint))?.reason ?? "",
        /no certificate/,
      );
      assert.equal(await judge(folder, seen.raw), "unknown");
      assert.equal(await acceptCertificateFile(folder, pem, thumbprint), undefined);
      assert.equal(await judge(folder, seen.raw), "trusted");
    }));

  test("our certificate is made once and stays, with its key for us alone", () =>
    withStateFolder(async (folder) => {
      const view = { device: "test-1", stateFolder: folder, clock: systemClock, log: silentLog };
      const first = await inspectServer(settings(), view, never);
      const second = await inspectServer(settings(), view, never);
      assert.deepEqual(first.own, second.own);
      assert.equal(first.trusted, false);
      assert.deepEqual(first.offers.map((offer) => `${offer.mode} ${offer.policy}`).sort(), [
        "1 None",
        "3 Basic256Sha256",
      ]);
      const { mode } = await import("node:fs").then(({ statSync }) =>
        statSync(join(folder, "own", "gateway-key.pem")),
      );
      assert.equal(mode & 0o077, 0);
    }));

  test("a password is sent encrypted, also where the channel is plain text; a wrong one is refused in words", () =>
    withStateFolder(async (folder) => {
      const passwordFile = join(folder, "password");
      await writeFile(passwordFile, `${secret}\n`);
      const user = { kind: "password", name: "anna", passwordFile };
      const seen: Buffer[] = [];
      const spy = await spyOn(device, seen);
      const session = await opcuaDriver.open(
        testSettings(spy.url, { user }),
        points(),
        new TestContext(folder),
        never,
      );
      await session.end(never);
      assert.ok(seen.length > 0);
      assert.ok(!Buffer.concat(seen).includes(secret), "the password was on the wire");
      spy.stop();
      await writeFile(passwordFile, "wrong");
      await assert.rejects(
        opcuaDriver.open(
          testSettings(device.wire.url, { user }),
          points(),
          new TestContext(folder),
          never,
        ),
        isRefusal(/Check user name and password|Check the user's rights/),
      );
    }));

  test("a mode that the server does not offer is refused with what it offers", () =>
    withStateFolder(async (folder) => {
      await assert.rejects(
        opcuaDriver.open(settings({ security: "sign" }), points(), new TestContext(folder), never),
        isRefusal(
          /does not offer sign with Basic256Sha256; it offers none with None; sign-and-encrypt/,
        ),
      );
    }));

  test("who hears the plain text instead of an answer says that the device does not answer", () =>
    withStateFolder(async (folder) => {
      const chatter = createServer((socket) => socket.end("SSH-2.0-OpenSSH_9\r\n"));
      chatter.listen(0, "127.0.0.1");
      await once(chatter, "listening");
      const { port } = chatter.address() as AddressInfo;
      await assert.rejects(
        opcuaDriver.open(
          testSettings(`opc.tcp://127.0.0.1:${port}`),
          points(),
          new TestContext(folder),
          never,
        ),
        DeviceUnreachable,
      );
      chatter.close();
    }));
});

test("a controller that does not trust us yet is said with our thumbprint and file", () =>
  withStateFolder(async (folder) => {
    const pki = join(folder, "server-pki");
    await mkdir(pki);
    const strict = new OPCUACertificateManager({
      automaticallyAcceptUnknownCertificate: false,
      rootFolder: pki,
    });
    await strict.initialize();
    const device = await startTestServer({ serverCertificateManager: strict });
    try {
      device.add("Value", DataType.Double, 42);
      await accept(device, folder);
      await assert.rejects(
        opcuaDriver.open(
          testSettings(device.wire.url, { security: "sign-and-encrypt" }),
          [point(device.address("Value"))],
          new TestContext(folder),
          never,
        ),
        isRefusal(/does not trust this gateway yet.*thumbprint [0-9A-F]{40}.*gateway\.der/),
      );
    } finally {
      await device.stop();
    }
  }));

/** A wire that keeps what the client says. */
async function spyOn(
  device: TestServer,
  seen: Buffer[],
): Promise<{ readonly url: string; stop(): void }> {
  const { connect } = await import("node:net");
  const target = Number(new URL(device.wire.url).port);
  const spy = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    near.on("data", (chunk) => seen.push(chunk));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => undefined);
  });
  spy.listen(0, "127.0.0.1");
  await once(spy, "listening");
  return {
    url: `opc.tcp://127.0.0.1:${(spy.address() as AddressInfo).port}/test`,
    stop: () => spy.close(),
  };
}
