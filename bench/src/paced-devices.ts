/**
 * Modbus TCP devices in this process whose polls come evenly over the period: each says its first answer at a moment of
 * its own, and a gateway polls on from there. Registers are hundredths of numbers between 0 and 1; that of an asset which
 * is made odd stands far away from them.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { systemClock, type Random } from "@millwright/kit";

export interface PacedPlan {
  readonly devices: number;
  readonly assetsEach: number;
  /** Registers of one asset, side by side. */
  readonly inputs: number;
  /** First answers are spread over so long, at the same places of each period of the wall clock. */
  readonly periodMs: number;
}

const odd = 60_000;
/** Answers that were drawn before anybody measures. */
const images = 64;

export class PacedDevices implements AsyncDisposable {
  /** Called with each answer that holds the odd value of an asset, when it has been handed to the socket, µs. */
  onOdd: (asset: number, atUs: number) => void = () => undefined;
  readonly #plan: PacedPlan;
  readonly #odd = new Set<number>();
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #images: readonly Buffer[];
  #answers = 0;

  private constructor(plan: PacedPlan, random: Random) {
    this.#plan = plan;
    const registers = plan.assetsEach * plan.inputs;
    this.#images = Array.from({ length: images }, () => {
      const image = Buffer.alloc(2 * registers);
      for (let at = 0; at < registers; at++)
        image.writeUInt16BE(Math.floor(100 * random.next()), 2 * at);
      return image;
    });
  }

  static async open(plan: PacedPlan, random: Random): Promise<PacedDevices> {
    const all = new PacedDevices(plan, random);
    for (let device = 0; device < plan.devices; device++) {
      const server = createServer((socket) => {
        all.#serve(socket, device);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      all.#servers.push(server);
    }
    return all;
  }

  get ports(): readonly number[] {
    return this.#servers.map((server) => (server.address() as AddressInfo).port);
  }

  makeOdd(asset: number): void {
    this.#odd.add(asset);
  }

  makeEven(asset: number): void {
    this.#odd.delete(asset);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }

  #serve(socket: Socket, device: number): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    let isFirst = true;
    let rest: Buffer = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      // A question is 12 bytes: head, function, address, count.
      for (; rest.length >= 12; rest = rest.subarray(12)) {
        const question = rest.subarray(0, 12);
        if (isFirst) setTimeout(() => this.#answer(socket, device, question), this.#waitMs(device));
        else this.#answer(socket, device, question);
        isFirst = false;
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** Until the moment of this device comes by: never at the edge of a period, where rows of models begin. */
  #waitMs(device: number): number {
    const { periodMs, devices } = this.#plan;
    const nowMs = systemClock.nowUs() / 1_000;
    const atMs = ((device + 0.5) * periodMs) / devices;
    return (atMs - (nowMs % periodMs) + periodMs) % periodMs;
  }

  #answer(socket: Socket, device: number, question: Buffer): void {
    if (socket.destroyed) return;
    const { assetsEach, inputs } = this.#plan;
    const from = question.readUInt16BE(8);
    const count = question.readUInt16BE(10);
    const answer = Buffer.allocUnsafe(9 + 2 * count);
    question.copy(answer, 0, 0, 8);
    answer.writeUInt16BE(3 + 2 * count, 4);
    answer[8] = 2 * count;
    this.#images[this.#answers++ % images]?.copy(answer, 9, 2 * from, 2 * (from + count));
    const told: number[] = [];
    for (const asset of this.#odd) {
      const register = (asset - device * assetsEach) * inputs;
      if (register < from || register >= from + count) continue;
      answer.writeUInt16BE(odd, 9 + 2 * (register - from));
      told.push(asset);
    }
    socket.write(answer);
    const atUs = systemClock.nowUs();
    for (const asset of told) this.onOdd(asset, atUs);
  }
}
