/** The pages of a gateway with its people: what the HTTPS address shows, over years. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";

import { PlayedClock, silentLog } from "@millwright/kit";

import { joinPeople } from "./access-parts.ts";
import { MemoryEventBook } from "./buffer/events/memory-book.ts";
import type { HmiViews } from "./serve/hmi-server.ts";
import { loadSettings } from "./settings/load-settings.ts";

const dayUs = 86_400e6;

test("a certificate that is renewed is shown to who comes next, and who is connected stays so", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millwright-renewed-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `gateway: { id: gw-1, name: Gateway 1 }
journal: { folder: journal, mebibytesMax: 64 }
hmi: { port: 0 }
access: { httpsPort: 0 }
`,
  );
  const clock = new PlayedClock();
  const people = await joinPeople(loadSettings(file), new MemoryEventBook(), clock, silentLog);
  const ping = { kind: "look", path: "/api/ping", look: () => ({ json: "here" }) } as const;
  // Nothing else is asked of the page.
  const { services } = people.pages({} as HmiViews, [ping]);
  for (const service of services) await service.start();
  t.after(async () => {
    for (const service of services.toReversed()) await service.stop(AbortSignal.abort());
  });
  const url = services.flatMap((one) => ("url" in one ? String(one.url) : []));
  const secure = url.find((one) => one.startsWith("https:"));
  assert.ok(secure !== undefined);

  /** @returns what the server shows, and whether the answer came over a connection that was there already */
  const ask = (agent: Agent): Promise<{ readonly shown: string; readonly reused: boolean }> =>
    new Promise((resolve, reject) => {
      const asked = get(`${secure}/api/ping`, { agent, rejectUnauthorized: false }, (answer) => {
        assert.ok(answer.socket instanceof TLSSocket);
        const shown = answer.socket.getPeerCertificate().fingerprint256;
        answer.resume().on("end", () => {
          resolve({ shown, reused: asked.reusedSocket });
        });
        assert.equal(answer.statusCode, 200);
      });
      asked.on("error", reject);
    });
  const staying = new Agent({ keepAlive: true, maxSockets: 1 });
  // Without tickets of the TLS session before, which would not show a certificate.
  const coming = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  t.after(() => {
    staying.destroy();
    coming.destroy();
  });

  const before = await ask(staying);
  assert.equal((await ask(coming)).shown, before.shown);
  clock.stepWall(741 * dayUs);
  await clock.advance(3_600_000);
  let next = await ask(coming);
  // It is made by the machine's own threads, which no played clock knows.
  while (next.shown === before.shown) {
    await sleep(20);
    next = await ask(coming);
  }
  assert.notEqual(next.shown, before.shown);
  assert.equal((await ask(coming)).shown, next.shown);
  const stayed = await ask(staying);
  assert.deepEqual(stayed, { shown: before.shown, reused: true }, "nobody is cut off");
});
