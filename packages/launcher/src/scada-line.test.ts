import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { scadaWords, watchScada, type ToldNode } from "./scada-line.ts";

const live: ToldNode = {
  ...{ node: "Brno/line-1", url: "mqtt://127.0.0.1:1883", state: "live" },
  ...{ why: "", tags: 118, lost: 0 },
};

test("the line says how the node is, and nothing that is not so", () => {
  const at = "Sparkplug node Brno/line-1 at mqtt://127.0.0.1:1883";
  assert.equal(scadaWords(live), `${at}: 118 tags told`);
  const away: ToldNode = { ...live, state: "connecting", why: "connect ECONNREFUSED" };
  assert.equal(scadaWords(away), `${at}: broker away: connect ECONNREFUSED`);
  assert.equal(scadaWords({ ...away, why: "" }), `${at}: connecting to its broker`);
  const behind: ToldNode = { ...live, state: "catching-up", lost: 12 };
  assert.equal(scadaWords(behind), `${at}: tells what waited, 12 samples not told any more`);
});

test("the gateway is asked again and again, until the demo stops", async (t) => {
  let asked = 0;
  const server = createServer(({ url }, response) => {
    assert.equal(url, "/api/publish");
    asked++;
    if (asked === 1) response.writeHead(503).end();
    else response.end(JSON.stringify(asked === 2 ? {} : { sparkplug: live }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const stop = new AbortController();
  const said: string[] = [];
  await watchScada(
    `http://127.0.0.1:${port}/`,
    (words) => {
      said.push(words);
      if (said.length === 3) stop.abort();
    },
    stop.signal,
  );
  assert.deepEqual(said, [
    "the gateway does not say: Error: it answers 503",
    "it is no Sparkplug node",
    scadaWords(live),
  ]);
});
