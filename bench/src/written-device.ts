/**
 * A Modbus TCP device in this process: registers that change with each look, some that are set to something at a moment
 * that is known, and some that are written. It tells when what was set left, and when a write came in.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Function codes (Modbus application protocol 1.1b3, 6). */
const [readHolding, writeOne, writeMany] = [3, 6, 16] as const;

export class WrittenDevice implements AsyncDisposable {
  readonly registers: Uint16Array;
  /** These change with each look. */
  readonly #noisy: readonly number[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Set, and not yet read by anybody. */
  readonly #unread = new Map<number, () => void>();
  onWrite: (register: number, value: number) => void = () => undefined;

  private constructor(registers: number, noisy: readonly number[]) {
    this.registers = new Uint16Array(registers);
    this.#noisy = noisy;
    this.#server = createServer((socket) => {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      let rest: Buffer = Buffer.alloc(0);
      socket.on("data", (bytes) => {
        rest = this.#take(socket, Buffer.concat([rest, bytes]));
      });
      socket.on("error", () => socket.destroy());
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async open(registers: number, noisy: readonly number[]): Promise<WrittenDevice> {
    const device = new WrittenDevice(registers, noisy);
    await new Promise<void>((resolve) => device.#server.listen(0, "127.0.0.1", resolve));
    return device;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** @param left called when the first answer that holds it has been handed to the socket */
  set(register: number, value: number, left: () => void): void {
    this.registers[register] = value;
    this.#unread.set(register, left);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(socket: Socket, bytes: Buffer): Buffer {
    let at = 0;
    while (at + 6 <= bytes.length) {
      const end = at + 6 + bytes.readUInt16BE(at + 4);
      if (end > bytes.length) break;
      this.#answer(socket, bytes.subarray(at, end));
      at = end;
    }
    return bytes.subarray(at);
  }

  #answer(socket: Socket, question: Buffer): void {
    const code = question[7] ?? 0;
    const from = question.readUInt16BE(8);
    if (code === readHolding) {
      this.#read(socket, question, from, question.readUInt16BE(10));
      return;
    }
    if (code === writeOne) this.#written(from, question.readUInt16BE(10));
    else if (code === writeMany) this.#written(from, question.readUInt16BE(13));
    else throw new Error(`function ${code} was not expected`);
    const answer = Buffer.from(question.subarray(0, 12));
    answer.writeUInt16BE(6, 4);
    socket.write(answer);
  }

  #read(socket: Socket, question: Buffer, from: number, count: number): void {
    for (const register of this.#noisy) {
      if (register < from || register >= from + count) continue;
      this.registers[register] = ((this.registers[register] ?? 0) * 75 + 74) % 50_021;
    }
    const answer = Buffer.alloc(9 + 2 * count);
    question.copy(answer, 0, 0, 8);
    answer.writeUInt16BE(3 + 2 * count, 4);
    answer[8] = 2 * count;
    for (let at = 0; at < count; at++) {
      answer.writeUInt16BE(this.registers[from + at] ?? 0, 9 + 2 * at);
    }
    socket.write(answer);
    for (const [register, left] of this.#unread) {
      if (register < from || register >= from + count) continue;
      this.#unread.delete(register);
      left();
    }
  }

  #written(register: number, value: number): void {
    this.onWrite(register, value);
    this.registers[register] = value;
  }
}
