import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";

import { freePort } from "./free-port.ts";

test("a port that was found can be listened on, again and again, and no outgoing connection gets it", async () => {
  const ports = new Set<number>();
  for (let at = 0; at < 20; at++) {
    const port = await freePort();
    assert.ok(port < 32_768, `${port} is one that Linux gives to outgoing connections`);
    const server = createServer();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
    ports.add(port);
  }
  assert.ok(ports.size > 15, "the same ports over and over would meet in tests side by side");
});

test("a host that cannot be listened on is told, with what the system says", async () => {
  // 192.0.2.0/24 is for documents (RFC 5737): no machine has it.
  await assert.rejects(freePort("192.0.2.1"), { code: "EADDRNOTAVAIL" });
});
