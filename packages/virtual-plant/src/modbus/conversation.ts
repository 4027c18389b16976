import type { Clock } from "@millwright/kit";
import type { Trouble } from "../faults/trouble.ts";
import type { Framing, Request } from "./frames.ts";
import { answerPdu, exceptionPdu } from "./pdu.ts";
import type { ModbusUnit } from "./unit.ts";

/** A unit of a line or socket, with the trouble its machine is in. */
export interface ServedUnit {
  readonly unit: ModbusUnit;
  readonly trouble: () => Trouble;
}

// A client that sends more without reading answers is broken; a real device has far less room.
const waitingMax = 256;
const requestBytesMax = 4_096;

/**
 * One client's conversation, over whatever carries bytes: requests are answered one after the other, as devices do, so
 * an answer held back past the client's time-out comes right before the answer to the client's next request.
 */
export class Conversation {
  readonly #framing: Framing;
  readonly #units: ReadonlyMap<number, ServedUnit>;
  readonly #clock: Clock;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #end = new AbortController();
  #bytes: Uint8Array = new Uint8Array(0);
  #waiting: Request[] = [];
  #busy = false;
  #answers = 0;

  constructor(
    framing: Framing,
    units: ReadonlyMap<number, ServedUnit>,
    clock: Clock,
    send: (bytes: Uint8Array) => void,
  ) {
    this.#framing = framing;
    this.#units = units;
    this.#clock = clock;
    this.#send = send;
  }

  /** Takes bytes as they come. */
  receive(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const { found, taken } = this.#framing.requests(this.#bytes);
    this.#bytes = this.#bytes.subarray(taken);
    if (this.#bytes.length > requestBytesMax) this.#bytes = new Uint8Array(0);
    for (const request of found) {
      if (this.#waiting.length < waitingMax) this.#waiting.push(request);
    }
    if (!this.#busy) void this.#answerAll();
  }

  /** The line was quiet: what is left is no request (serial line V1.02, 2.5.1.1). */
  silence(): void {
    this.#bytes = new Uint8Array(0);
  }

  close(): void {
    this.#end.abort();
    this.#waiting = [];
  }

  async #answerAll(): Promise<void> {
    this.#busy = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        await this.#answer(next);
      }
    } catch {
      // Closed while an answer was held back: nobody waits for it any more.
    } finally {
      this.#busy = false;
    }
  }

  async #answer(request: Request): Promise<void> {
    const served = this.#units.get(request.unit);
    if (served === undefined) {
      // A gateway in front of units says that one does not answer; a serial line is simply silent.
      if (this.#framing.name === "tcp")
        this.#sendPdu(request, exceptionPdu(request.pdu[0] ?? 0, 11));
      return;
    }
    const trouble = served.trouble();
    if (!trouble.powered || trouble.link !== "up") return;
    this.#answers++;
    const late = trouble.lateMs > 0 && this.#answers % trouble.lateEvery === 0;
    const holdMs = trouble.slowMs + (late ? trouble.lateMs : 0);
    if (holdMs > 0) await this.#clock.sleep(holdMs, this.#end.signal);
    if (trouble.exceptionCode > 0) {
      this.#sendPdu(request, exceptionPdu(request.pdu[0] ?? 0, trouble.exceptionCode));
      return;
    }
    this.#sendWrongly(request, answerPdu(served.unit, request.pdu), trouble);
  }

  #sendPdu(request: Request, pdu: Uint8Array): void {
    this.#send(this.#framing.frame(request.transaction, request.unit, pdu));
  }

  /** The answer, spoilt in the one way that the trouble names. */
  #sendWrongly(request: Request, pdu: Uint8Array, { wrong }: Trouble): void {
    switch (wrong) {
      case "":
        this.#sendPdu(request, pdu);
        return;
      case "transaction":
        this.#sendPdu({ ...request, transaction: (request.transaction + 1) & 0xffff }, pdu);
        return;
      case "unit":
        this.#sendPdu({ ...request, unit: (request.unit + 1) & 0xff }, pdu);
        return;
      case "function":
        this.#sendPdu(request, Uint8Array.of((pdu[0] ?? 0) === 3 ? 4 : 3, ...pdu.subarray(1)));
        return;
      case "length":
        this.#sendPdu(request, pdu.subarray(0, Math.max(1, pdu.length - 2)));
        return;
      case "crc": {
        // Modbus TCP has no checksum of its own: a flipped byte would be a wrong value that no client can refuse.
        if (this.#framing.name === "tcp") {
          this.#sendPdu(request, pdu);
          return;
        }
        const frame = this.#framing.frame(request.transaction, request.unit, pdu);
        frame[frame.length - 1] = (frame[frame.length - 1] ?? 0) ^ 0xff;
        this.#send(frame);
        return;
      }
    }
  }
}
