/**
 * A Modbus TCP device whose truth is exact: each tag is a counter that rises by one with every answer that holds it, so
 * that a value names its reading, and the device writes down each reading as it hands it out.
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

import { systemClock } from "@millwright/kit";
import type { Produced } from "@millwright/scenario";

/** Bytes of a Modbus TCP head up to and with the unit (MODBUS Messaging on TCP/IP V1.0b, 3.1.3). */
const headSize = 7;
const readHoldingRegisters = 3;
const illegalFunction = 1;
const illegalAddress = 2;

export class CounterDevice {
  readonly id: string;
  readonly tags: readonly string[];
  /** Every reading handed out, in order. */
  readonly produced: Produced[] = [];
  readonly #counters: number[];
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(id: string, tagCount: number) {
    this.id = id;
    this.tags = Array.from({ length: tagCount }, (_, index) => `${id}/count-${index}`);
    this.#counters = this.tags.map(() => 0);
  }

  get port(): number {
    return this.#port;
  }

  /** Listens; after the first time on the same port. */
  async appear(): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      let waiting = Buffer.alloc(0);
      socket.on("data", (chunk: Buffer) => {
        waiting = Buffer.concat([waiting, chunk]);
        while (waiting.length >= headSize) {
          const size = 6 + waiting.readUInt16BE(4);
          if (waiting.length < size) return;
          socket.write(this.#answer(waiting.subarray(0, size)));
          waiting = waiting.subarray(size);
        }
      });
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
    this.#server = server;
  }

  /** Refuses connections and drops the open ones, until it appears again. */
  async vanish(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(server, "close");
  }

  #answer(request: Buffer): Buffer {
    const fn = request.readUInt8(7);
    if (fn !== readHoldingRegisters) return exception(request, illegalFunction);
    const from = request.readUInt16BE(8);
    const count = request.readUInt16BE(10);
    const first = from / 2;
    // Half a counter is no reading: asked for so, the device refuses.
    if (from % 2 !== 0 || count % 2 !== 0 || from + count > this.tags.length * 2) {
      return exception(request, illegalAddress);
    }
    const data = Buffer.alloc(2 + count * 2);
    data.writeUInt8(fn, 0);
    data.writeUInt8(count * 2, 1);
    const atUs = systemClock.nowUs();
    for (let index = 0; index < count / 2; index++) {
      const value = (this.#counters[first + index] ?? 0) + 1;
      this.#counters[first + index] = value;
      this.produced.push({ tag: this.tags[first + index] ?? "", device: this.id, atUs, value });
      data.writeUInt32BE(value, 2 + index * 4);
    }
    return frame(request, data);
  }
}

function exception(request: Buffer, code: number): Buffer {
  return frame(request, Buffer.of(request.readUInt8(7) | 0x80, code));
}

/** Transaction and unit of the request stand in the answer. */
function frame(request: Buffer, pdu: Buffer): Buffer {
  const head = Buffer.from(request.subarray(0, headSize));
  head.writeUInt16BE(pdu.length + 1, 4);
  return Buffer.concat([head, pdu]);
}
