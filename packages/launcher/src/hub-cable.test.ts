import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";

import { HubCable } from "./hub-cable.ts";

/** A far end that answers each byte with itself, and the near end of a cable to it. */
async function echoOver(
  t: TestContext,
): Promise<{ cable: HubCable; near: Socket; got: Buffer[]; echoPort: number }> {
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const echoPort = (echo.address() as AddressInfo).port;
  const cable = await HubCable.lay({ host: "127.0.0.1", port: echoPort });
  const near = connect(cable.port, "127.0.0.1");
  const got: Buffer[] = [];
  near.on("data", (bytes) => got.push(bytes));
  t.after(async () => {
    near.destroy();
    await cable.remove();
    echo.close();
  });
  return { cable, near, got, echoPort };
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!condition()) {
    assert.ok(performance.now() < end, "never came true");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a cable that was pulled carries nothing and ends nothing; what waited comes when it is plugged in", async (t) => {
  const { cable, near, got, echoPort } = await echoOver(t);
  near.write("one");
  await until(() => Buffer.concat(got).toString() === "one");
  cable.pull();
  assert.equal(cable.isCut, true);
  near.write("two");
  const late = connect(cable.port, "127.0.0.1");
  t.after(() => late.destroy());
  await once(late, "connect");
  late.write("who is there");
  let answered = false;
  late.on("data", () => (answered = true));
  // Others, who need no cable, are answered meanwhile again and again.
  const beside = connect(echoPort, "127.0.0.1");
  t.after(() => beside.destroy());
  for (let round = 0; round < 20; round++) {
    beside.write("beside");
    await once(beside, "data");
  }
  assert.equal(Buffer.concat(got).toString(), "one");
  assert.equal(answered, false);
  assert.equal(near.closed, false);
  cable.plug();
  await until(() => Buffer.concat(got).toString() === "onetwo" && answered);
});

test("many megabytes pass in order, and the end of one side ends the other", async (t) => {
  const { near, got } = await echoOver(t);
  const sent = Buffer.alloc(8 * 2 ** 20, "0123456789abcdef");
  near.end(sent);
  await once(near, "close");
  assert.ok(Buffer.concat(got).equals(sent));
});

test("what goes one way only waits in the other, and comes when the way is open again", async (t) => {
  const { cable, near, got } = await echoOver(t);
  near.write("one");
  await until(() => Buffer.concat(got).toString() === "one");
  cable.let({ hub: "open", gateway: "held" });
  assert.equal(cable.isCut, false);
  near.write("two");
  const late = connect(cable.port, "127.0.0.1");
  t.after(() => late.destroy());
  await once(late, "connect");
  assert.equal(Buffer.concat(got).toString(), "one");
  cable.plug();
  await until(() => Buffer.concat(got).toString() === "onetwo");
});

test("a slow line brings everything, in order and late", async (t) => {
  const { cable, near, got } = await echoOver(t);
  cable.let({ hub: { bytesPerS: 200_000, delayMs: 5 }, gateway: "open" });
  const sent = Buffer.alloc(40_000, "0123456789abcdef");
  const fromMs = performance.now();
  near.end(sent);
  await once(near, "close");
  assert.ok(Buffer.concat(got).equals(sent));
  // Timers end a little early at most, never late enough to make a slow line fast.
  assert.ok(performance.now() - fromMs >= 190, "40 kB take 200 ms at 200 kB a second");
});

test("a connection that was forgotten swallows what is sent and tells nobody, and a new one works (control of the network faults: bytes are lost)", async (t) => {
  const { cable, near, got } = await echoOver(t);
  near.write("one");
  await until(() => Buffer.concat(got).toString() === "one");
  cable.forget();
  near.write("two");
  const late = connect(cable.port, "127.0.0.1");
  t.after(() => late.destroy());
  const heard: Buffer[] = [];
  late.on("data", (bytes) => heard.push(bytes));
  late.write("three");
  await until(() => Buffer.concat(heard).toString() === "three");
  assert.equal(Buffer.concat(got).toString(), "one");
  assert.equal(near.closed, false);
});

test("a reset ends both sides, with what is on its way", async (t) => {
  const { cable, near, got } = await echoOver(t);
  near.on("error", () => undefined);
  near.write("one");
  await until(() => Buffer.concat(got).toString() === "one");
  cable.let({ hub: { bytesPerS: 1, delayMs: 60_000 }, gateway: "open" });
  near.write("two");
  cable.reset();
  await until(() => near.closed);
  assert.equal(Buffer.concat(got).toString(), "one");
});
