/**
 * A Modbus TCP server that costs next to nothing, so that a client can be measured on the same machine: the registers of
 * the last seconds of a made plant stand ready, and an answer is a copy of a piece of them. Reads only (functions 3 and
 * 4); every unit is the same. `node modbus-source.ts REGISTERS TICK_MS`
 */
import { createServer, type AddressInfo, type Socket } from "node:net";

import { seededRandom } from "@millwright/kit";

import { makeSignal } from "./codec-data.ts";

const [registers = 10_000, tickMs = 10] = process.argv.slice(2).map(Number);
/** Long enough that plateaus and steps stay what they are; short enough for the cache of the processor. */
const ticks = 64;
const random = seededRandom("modbus-source");
const images = Array.from({ length: ticks }, () => Buffer.alloc(registers * 2));
for (let register = 0; register < registers; register++) {
  const signal = makeSignal(register, random);
  for (const image of images) {
    image.writeUInt16BE(Math.round(signal.next().value * 100) & 0xffff, register * 2);
  }
}

const server = createServer((socket) => {
  socket.setNoDelay(true);
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (bytes) => {
    rest = answer(socket, rest.length === 0 ? bytes : Buffer.concat([rest, bytes]));
  });
  socket.on("error", () => {
    socket.destroy();
  });
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
});
process.once("SIGTERM", () => {
  process.exit();
});

/** A question is 12 bytes: MBAP header, function, address, count. Returns what is left of the input. */
function answer(socket: Socket, bytes: Buffer): Buffer {
  const image = images[Math.floor(performance.now() / tickMs) % ticks];
  if (image === undefined) return bytes;
  let at = 0;
  socket.cork();
  for (; at + 12 <= bytes.length; at += 12) {
    const from = bytes.readUInt16BE(at + 8) * 2;
    const length = bytes.readUInt16BE(at + 10) * 2;
    const frame = Buffer.allocUnsafe(9 + length);
    bytes.copy(frame, 0, at, at + 4);
    frame.writeUInt16BE(length + 3, 4);
    bytes.copy(frame, 6, at + 6, at + 8);
    frame[8] = length;
    image.copy(frame, 9, from, from + length);
    socket.write(frame);
  }
  socket.uncork();
  return bytes.subarray(at);
}
