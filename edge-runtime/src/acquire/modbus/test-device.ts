/**
 * A small Modbus device for tests: the four tables, functions 1 to 6, 15, 16 and 22, in all three framings. A test can
 * make it slow, late, wrong, refusing or absent. Like a real one it serves one question after the other.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "@millwright/kit";
import { SerialPort } from "serialport";

import { mbapFrame, MbapReader } from "./mbap.ts";
import { crc16, rtuFrame } from "./rtu-frame.ts";
import type { ModbusSettings } from "./settings.ts";

/** A question as the device sees it. */
export interface Heard {
  readonly unit: number;
  readonly fn: number;
  readonly address: number;
  /** Registers or bits; 1 for functions without a count. */
  readonly count: number;
  readonly pdu: Uint8Array;
}

/** What the device does differently this time. */
export interface Whim {
  /** Answers after so long; questions that come meanwhile wait their turn. */
  readonly delayMs?: number;
  /** Acts, and its answer never arrives. */
  readonly silent?: boolean;
  /** Refuses with this exception. */
  readonly exception?: number;
  /** Changes the answer's frame as it goes onto the wire. */
  readonly spoil?: (frame: Uint8Array) => Uint8Array;
}

export class TestDevice {
  readonly framing: ModbusSettings["framing"];
  readonly holding = new Uint16Array(65_536);
  readonly input = new Uint16Array(65_536);
  readonly coil = new Uint8Array(65_536);
  readonly discrete = new Uint8Array(65_536);
  /** Units that exist; others are silent. */
  units = new Set([1]);
  /** Addresses that do not exist, in every table. */
  readonly missing = new Set<number>();
  /** More than this in one read is refused with exception 3. */
  countMax = 2_000;
  readonly heard: Heard[] = [];
  /** Asked for each question. */
  whim: (heard: Heard) => Whim | undefined = () => undefined;
  /** Where the client finds it. */
  port = 0;
  path = "";
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #socat: ChildProcess | undefined;
  #serial: SerialPort | undefined;
  #folder = "";
  #work: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();

  private constructor(framing: ModbusSettings["framing"]) {
    this.framing = framing;
  }

  static async start(framing: ModbusSettings["framing"]): Promise<TestDevice> {
    const device = new TestDevice(framing);
    await device.mend();
    return device;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Comes (back) where it was. */
  async mend(): Promise<void> {
    if (this.framing === "rtu") await this.#openSerial();
    else await this.#listen();
  }

  /** Goes away: connections break, and new ones fail. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server !== undefined) {
      server.close();
      if (server.listening) await once(server, "close");
    }
    const serial = this.#serial;
    this.#serial = undefined;
    if (serial?.isOpen === true) serial.close();
    const socat = this.#socat;
    this.#socat = undefined;
    if (socat?.exitCode === null) {
      socat.kill();
      await once(socat, "exit");
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.cut();
    if (this.#folder !== "") await rm(this.#folder, { recursive: true, force: true });
  }

  async #listen(): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
      const send = (bytes: Uint8Array): void => {
        if (!socket.destroyed) socket.write(bytes);
      };
      if (this.framing === "tcp") {
        const reader = new MbapReader();
        socket.on("data", (chunk: Buffer) => {
          const broken = reader.read(chunk, (transaction, unit, pdu) => {
            this.#hear(
              unit,
              Uint8Array.from(pdu),
              (answer) => mbapFrame(transaction, unit, answer),
              send,
            );
          });
          if (broken !== undefined) socket.destroy();
        });
      } else {
        const ear = this.#rtuEar(send);
        socket.on("data", ear);
      }
    });
    this.#server = server;
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address !== null && typeof address === "object") this.port = address.port;
  }

  /** Two pseudo-terminals joined by socat stand for the line. */
  async #openSerial(): Promise<void> {
    if (this.#folder === "") this.#folder = await mkdtemp(join(tmpdir(), "modbus-line-"));
    this.path = join(this.#folder, "gateway");
    const far = join(this.#folder, "device");
    const socat = spawn(
      "socat",
      ["-d", "-d", `pty,raw,echo=0,link=${far}`, `pty,raw,echo=0,link=${this.path}`],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.#socat = socat;
    // It says so on standard error once both ends are there.
    await new Promise<void>((resolve, reject) => {
      let said = "";
      socat.on("error", reject);
      socat.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("starting data transfer loop")) resolve();
      });
    });
    const serial = new SerialPort({ path: far, baudRate: 115_200, lock: false, autoOpen: false });
    await new Promise<void>((resolve, reject) => {
      serial.open((error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    this.#serial = serial;
    serial.on("error", () => undefined);
    serial.on(
      "data",
      this.#rtuEar((bytes) => {
        if (serial.isOpen) serial.write(bytes);
      }),
    );
  }

  /** Cuts bytes into questions, by the length that their function gives them. */
  #rtuEar(send: (bytes: Uint8Array) => void): (chunk: Buffer) => void {
    let rest: Uint8Array = new Uint8Array(0);
    return (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const length = questionLength(rest);
        if (length === undefined || rest.length < length) return;
        const frame = rest.slice(0, length);
        rest = rest.slice(length);
        const crc = (frame[length - 2] ?? 0) | ((frame[length - 1] ?? 0) << 8);
        if (crc !== crc16(frame, length - 2)) continue;
        const unit = frame[0] ?? 0;
        this.#hear(unit, frame.slice(1, length - 2), (answer) => rtuFrame(unit, answer), send);
      }
    };
  }

  #hear(
    unit: number,
    pdu: Uint8Array,
    frame: (answer: Uint8Array) => Uint8Array,
    send: (bytes: Uint8Array) => void,
  ): void {
    const fn = pdu[0] ?? 0;
    const counted = [1, 2, 3, 4, 15, 16].includes(fn);
    const heard: Heard = {
      unit,
      fn,
      address: at16(pdu, 1),
      count: counted ? at16(pdu, 3) : 1,
      pdu,
    };
    this.heard.push(heard);
    if (!this.units.has(unit)) return;
    const whim = this.whim(heard) ?? {};
    this.#work = this.#work.then(async () => {
      if (whim.delayMs !== undefined) {
        await systemClock.sleep(whim.delayMs, this.#stop.signal).catch(() => undefined);
      }
      const answer =
        whim.exception === undefined ? this.#act(heard) : Uint8Array.of(fn | 0x80, whim.exception);
      if (whim.silent === true) return;
      const bytes = frame(answer);
      send(whim.spoil === undefined ? bytes : whim.spoil(bytes));
    });
  }

  #act(heard: Heard): Uint8Array {
    const { fn, address, count, pdu } = heard;
    const refuse = (code: number): Uint8Array => Uint8Array.of(fn | 0x80, code);
    if (![1, 2, 3, 4, 5, 6, 15, 16, 22].includes(fn)) return refuse(1);
    if (count > this.countMax) return refuse(3);
    for (let at = address; at < address + count; at++) {
      if (at > 65_535 || this.missing.has(at)) return refuse(2);
    }
    switch (fn) {
      case 1:
      case 2: {
        const bits = fn === 1 ? this.coil : this.discrete;
        const answer = new Uint8Array(2 + Math.ceil(count / 8));
        answer[0] = fn;
        answer[1] = answer.length - 2;
        for (let index = 0; index < count; index++) {
          const bit = bits[address + index] ?? 0;
          answer[2 + (index >> 3)] = (answer[2 + (index >> 3)] ?? 0) | (bit << (index & 7));
        }
        return answer;
      }
      case 3:
      case 4: {
        const registers = fn === 3 ? this.holding : this.input;
        const answer = new Uint8Array(2 + count * 2);
        answer[0] = fn;
        answer[1] = count * 2;
        for (let index = 0; index < count; index++) {
          const value = registers[address + index] ?? 0;
          answer[2 + index * 2] = value >>> 8;
          answer[3 + index * 2] = value & 0xff;
        }
        return answer;
      }
      case 5:
        this.coil[address] = at16(pdu, 3) === 0xff00 ? 1 : 0;
        return pdu;
      case 6:
        this.holding[address] = at16(pdu, 3);
        return pdu;
      case 15:
        for (let index = 0; index < count; index++) {
          this.coil[address + index] = ((pdu[6 + (index >> 3)] ?? 0) >> (index & 7)) & 1;
        }
        return pdu.slice(0, 5);
      case 16:
        for (let index = 0; index < count; index++) {
          this.holding[address + index] = at16(pdu, 6 + index * 2);
        }
        return pdu.slice(0, 5);
      default: {
        const and = at16(pdu, 3);
        const or = at16(pdu, 5);
        const old = this.holding[address] ?? 0;
        this.holding[address] = (old & and) | (or & ~and);
        return pdu;
      }
    }
  }
}

function at16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Length of an RTU question, or nothing while it cannot be known. */
function questionLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 2) return undefined;
  const fn = bytes[1] ?? 0;
  if (fn === 15 || fn === 16) return bytes.length < 7 ? undefined : 9 + (bytes[6] ?? 0);
  return fn === 22 ? 10 : 8;
}
