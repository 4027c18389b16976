/** A cable that is pulled ends no connection. Over a real broker: what a gateway says of its hub while the road is dark. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import { subjects } from "@millwright/wire-contract";
import { connect } from "@nats-io/transport-node";

import { toJson } from "./messages.ts";
import { createNatsRoad } from "./nats-road.ts";
import { startBroker, until } from "./test-broker.ts";
import { TestOrders } from "./test-orders.ts";
import { about, gateway, quietBeat, TestOutbox } from "./test-outbox.ts";
import { createUplink } from "./uplink.ts";

/** Between a gateway and its broker: dark, it carries nothing and says nothing, and both ends keep their connection. */
async function layCable(context: TestContext, port: number) {
  const ends = new Set<Socket>();
  let dark = false;
  const server = createServer({ pauseOnConnect: true }, (near) => {
    const far = connectTcp(port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(from);
      from.on("data", (bytes) => to.write(bytes));
      from.on("error", () => undefined);
      from.on("close", () => {
        ends.delete(from);
        to.destroy();
      });
      if (!dark) from.resume();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    for (const end of ends) end.destroy();
    server.close();
  });
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    let(isDark: boolean) {
      dark = isDark;
      for (const end of ends) {
        if (dark) end.pause();
        else end.resume();
      }
    },
  };
}

test("a gateway whose cable is pulled says so once five marks have not come, while its connection still holds", async (context) => {
  const broker = await startBroker(context);
  const cable = await layCable(context, broker.port);
  const hub = await connect({ servers: broker.url });
  context.after(() => hub.close());
  const marks = { version: 1, incarnation: "one", marks: [] };
  hub.subscribe(subjects.hellos, {
    callback: (_failure, message) => {
      message.respond(JSON.stringify({ ...marks, session: 1, hubNowUs: 1 }));
    },
  });
  await hub.flush();
  const clock = new PlayedClock();
  const uplink = createUplink({
    ...{ outbox: new TestOutbox(), orders: new TestOrders(), gateway: about, clock },
    road: createNatsRoad({ servers: [cable.url], gateway }),
    ...{ random: seededRandom("cable"), log: silentLog, beat: () => quietBeat(clock) },
    link: { bytesPerSMax: Infinity, historyShare: 1 },
  });
  await uplink.start();
  context.after(() => uplink.stop(AbortSignal.timeout(1_000)));
  const becomes = (state: string): Promise<true> =>
    until(() => (uplink.link.state === state ? true : undefined));
  await becomes("in sync");
  await clock.advance(6_000);
  assert.equal(uplink.link.state, "unreachable", "a hub that is silent is not in sync");
  hub.publish(subjects.mark(gateway), toJson(marks));
  await becomes("in sync");
  const heardUs = clock.nowUs();

  cable.let(true);
  for (let second = 0; second < 5; second++) {
    await clock.advance(1_000);
    hub.publish(subjects.mark(gateway), toJson(marks));
    await hub.flush();
  }
  assert.equal(uplink.link.state, "in sync");
  await clock.advance(1_000);
  assert.equal(uplink.link.state, "unreachable");
  assert.equal(uplink.link.sinceUs, heardUs);
  assert.equal(await broker.clients(), 2, "control: the connection says nothing of it");

  cable.let(false);
  await becomes("in sync");
  await clock.advance(4_000);
  assert.equal(uplink.link.state, "in sync", "what was on its way is heard now");
});
