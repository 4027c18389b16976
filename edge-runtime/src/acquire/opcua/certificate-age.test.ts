import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { PlayedClock, seededRandom, silentLog, type Log } from "@millwright/kit";

import { certificateCommand } from "../../commands/certificate.ts";
import { ageOf, watchAge } from "./certificate-age.ts";
import { loadLibrary } from "./library.ts";
import { Notes } from "./notes.ts";
import { opcuaDriver } from "./opcua-driver.ts";
import { ensureOwnCertificate, lookAtOwn } from "./own-certificate.ts";
import { testSettings, withStateFolder } from "./test-client.ts";

const dayUs = 86_400_000_000;
const endUs = Date.UTC(2036, 0, 31) * 1_000;

describe("the age of our certificate", () => {
  test("it is said 90, 30 and 7 days before the end, and after it", () => {
    const steps = [91, 90, 89, 30, 29, 7, 6, 0].map(
      (days) => ageOf("press", endUs, endUs - days * dayUs).step,
    );
    assert.deepEqual(steps, [0, 0, 1, 1, 2, 2, 3, 3]);
    assert.equal(ageOf("press", endUs, endUs - 91 * dayUs).text, "");
    assert.equal(
      ageOf("press", endUs, endUs - 12 * dayUs).text,
      "this gateway's certificate ends on 2036-01-31, in 12 days; renew it: millwright certificate press",
    );
    const over = ageOf("press", endUs, endUs + 1);
    assert.equal(over.step, 4);
    assert.match(over.text, /ended on 2036-01-31 and controllers may refuse it/);
  });

  test("a conversation of months brings each warning to the device once, and keeps the days right", async () => {
    const clock = new PlayedClock(endUs - 100 * dayUs);
    let note = "";
    const steps: unknown[] = [];
    const log: Log = { ...silentLog, warn: (_event, fields) => steps.push(fields?.["step"]) };
    const notes = new Notes((text) => {
      note = text;
    });
    const stop = new AbortController();
    const watching = watchAge("press", endUs, notes, clock, log, stop.signal);
    await clock.advance(86_400_000);
    assert.equal(note, "");
    await clock.advance(70 * 86_400_000);
    assert.match(note, /in 2[89] days/);
    await clock.advance(30 * 86_400_000);
    assert.match(note, /ended on 2036-01-31/);
    assert.deepEqual(steps, [1, 2, 3, 4]);
    stop.abort();
    await watching;
  });

  test("the plan says it from the file alone; in plain text the certificate plays no part", () =>
    withStateFolder(async (folder) => {
      const settings = testSettings("opc.tcp://127.0.0.1:1", { security: "sign-and-encrypt" });
      const plain = testSettings("opc.tcp://127.0.0.1:1");
      const planFolder = (
        now: number,
        from = settings,
      ): ReturnType<NonNullable<typeof opcuaDriver.planFolder>> => {
        assert.ok(opcuaDriver.planFolder !== undefined);
        return opcuaDriver.planFolder(from, "press", folder, now);
      };
      assert.deepEqual(await planFolder(0), [], "there is no certificate yet");
      const own = await ensureOwnCertificate(await loadLibrary(silentLog), folder, endUs);
      assert.deepEqual(await planFolder(endUs), [], "it lives for ten years");
      const [line] = await planFolder(own.validToUs - 20 * dayUs);
      assert.equal(line?.severity, "warning");
      assert.match(line.text, /in 20 days/);
      assert.deepEqual(await planFolder(own.validToUs - 20 * dayUs, plain), []);
    }));
});

describe("a guided renewal", () => {
  async function run(folder: string, ...args: string[]): Promise<{ code: number; text: string }> {
    let text = "";
    const code = await certificateCommand.run(
      [...args, "--settings", join(folder, "gateway.yaml")],
      {
        clock: new PlayedClock(endUs),
        random: seededRandom("certificate"),
        log: silentLog,
        out: { write: (more: string) => (text += more) },
        until: new AbortController().signal,
      },
    );
    return { code, text };
  }

  test("the next certificate is made and shown, and used only after a person has switched", () =>
    withStateFolder(async (folder) => {
      const state = join(folder, "journal", "devices", "press");
      const library = await loadLibrary(silentLog);
      const before = await ensureOwnCertificate(library, state, endUs);

      assert.match((await run(folder, "press")).text, new RegExp(before.thumbprint));
      const made = await run(folder, "press", "--renew");
      assert.equal(made.code, 0);
      assert.doesNotMatch(made.text, new RegExp(before.thumbprint));
      assert.equal((await run(folder, "press", "--renew")).text, made.text, "made once");
      const inUse = await ensureOwnCertificate(library, state, endUs);
      assert.equal(inUse.thumbprint, before.thumbprint, "nothing changes by itself");

      assert.equal((await run(folder, "press", "--switch")).code, 0);
      const after = await ensureOwnCertificate(library, state, endUs);
      assert.match(made.text, new RegExp(after.thumbprint));
      const kept = await readFile(join(state, `own-${before.thumbprint}`, "gateway.der"));
      assert.ok(kept.equals(before.certificate), "the one before is kept");
      assert.equal((await run(folder, "press", "--switch")).code, 2, "there is no third one");
    }));

  test("a switch that a power cut interrupted is ended, not answered by a third certificate", () =>
    withStateFolder(async (folder) => {
      const { rename } = await import("node:fs/promises");
      const library = await loadLibrary(silentLog);
      const made = await ensureOwnCertificate(library, folder, endUs);
      await rename(join(folder, "own"), join(folder, "own-next"));
      const found = await ensureOwnCertificate(library, folder, endUs);
      assert.equal(found.thumbprint, made.thumbprint);
      assert.equal((await lookAtOwn(folder))?.thumbprint, made.thumbprint);
    }));
});
