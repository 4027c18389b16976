/** A detect host with what was opened in it, and the windows that it owes an answer. */
import type { HostProcess } from "./host-process.ts";
import type { UnitPlan } from "./unit-plan.ts";
import { WindowBatch, type WindowRequest } from "./window-batch.ts";

export class Deployment {
  readonly host: HostProcess;
  readonly plans: readonly UnitPlan[];
  /** Cap of the host's memory, bytes. */
  readonly bytesMax: number;
  /** By slot, from the first: the unit, and the row in it; -1 where no bundle is. A hundred thousand bundles have a slot. */
  readonly #firstSlot: number;
  readonly #unitOf: Int32Array;
  readonly #rowOf: Int32Array;
  readonly #batches: readonly WindowBatch[];
  /** CPU time of the newest window of each unit, µs. */
  readonly #cpuUs: Float64Array;
  /** In the order in which they were sent, which is the order in which they are run. */
  readonly #open = new Map<number, WindowRequest>();
  #lastId = 0;
  #waiting = 0;
  #idle: (() => void) | undefined;

  constructor(host: HostProcess, plans: readonly UnitPlan[], bytesMax: number) {
    this.host = host;
    this.plans = plans;
    this.bytesMax = bytesMax;
    let [first, last] = [Infinity, -Infinity];
    for (const { slots } of plans) {
      for (const slot of slots) {
        first = Math.min(first, slot);
        last = Math.max(last, slot);
      }
    }
    const places = Math.max(0, last - first + 1);
    this.#firstSlot = first;
    this.#unitOf = new Int32Array(places).fill(-1);
    this.#rowOf = new Int32Array(places);
    plans.forEach(({ slots }, unit) => {
      slots.forEach((slot, row) => {
        this.#unitOf[slot - first] = unit;
        this.#rowOf[slot - first] = row;
      });
    });
    this.#cpuUs = new Float64Array(plans.length).fill(NaN);
    this.#batches = plans.map(({ text }) => new WindowBatch(text.width));
  }

  /** Windows that were taken and are not answered. */
  get waiting(): number {
    return this.#waiting;
  }

  holds(slot: number): boolean {
    return this.#unit(slot) >= 0;
  }

  /** Bundles that are opened. */
  get bundleCount(): number {
    return this.plans.reduce((sum, { slots }) => sum + slots.length, 0);
  }

  /** CPU time of the newest window of a bundle, µs; NaN before the first. */
  cpuUs(slot: number): number {
    return this.#cpuUs[this.#unit(slot)] ?? NaN;
  }

  noteCpu(unit: number, cpuUs: number): void {
    this.#cpuUs[unit] = cpuUs;
  }

  /** @returns false when the bundle is not opened here */
  add(slot: number, asker: number, endUs: number, input: ArrayLike<number>): boolean {
    const batch = this.#batches[this.#unit(slot)];
    if (batch === undefined) return false;
    batch.add(this.#rowOf[slot - this.#firstSlot] ?? 0, slot, asker, endUs, input);
    this.#waiting++;
    return true;
  }

  /** Sends what was collected: one request a unit. */
  flush(): void {
    for (const [unit, batch] of this.#batches.entries()) {
      if (batch.count > 0) this.#send(batch.take(++this.#lastId, unit));
    }
  }

  /** Sends a window by itself, so that its answer, or that there is none, says something about its bundle alone. */
  addAlone(slot: number, asker: number, endUs: number, input: ArrayLike<number>): boolean {
    this.flush();
    const taken = this.add(slot, asker, endUs, input);
    this.flush();
    return taken;
  }

  /** The request that was answered, once. */
  answered(id: number): WindowRequest | undefined {
    const request = this.#open.get(id);
    if (request === undefined) return undefined;
    this.#open.delete(id);
    this.#waiting -= request.rows.length;
    if (this.#waiting === 0) this.#idle?.();
    return request;
  }

  /** Nothing of it is looked at any more. @param request that was answered */
  giveBack(request: WindowRequest): void {
    this.#batches[request.unit]?.giveBack(request);
  }

  planOf(unit: number): UnitPlan | undefined {
    return this.plans[unit];
  }

  /** After the end of the host: the request that it was at, and what waited behind it. Nothing waits any more. */
  takeOpen(): {
    readonly running: WindowRequest | undefined;
    readonly behind: readonly WindowRequest[];
  } {
    const [running] = this.#open.values();
    if (running !== undefined) this.#open.delete(running.id);
    this.flush();
    const behind = [...this.#open.values()];
    this.#open.clear();
    this.#waiting = 0;
    this.#idle?.();
    return { running, behind };
  }

  /** Resolves when every window that was taken is answered, or the host has ended. */
  async answeredAll(): Promise<void> {
    this.flush();
    if (this.#waiting === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  #unit(slot: number): number {
    return this.#unitOf[slot - this.#firstSlot] ?? -1;
  }

  #send(request: WindowRequest): void {
    this.#open.set(request.id, request);
    const { id, unit, rows, inputs } = request;
    this.host.run({ request: id, unit, count: rows.length }, rows, inputs);
  }
}

/** One window of a request. */
export function* windowsOf(
  request: WindowRequest,
): Generator<{ slot: number; asker: number; endUs: number; input: Float32Array }, void, undefined> {
  const width = request.inputs.length / request.rows.length;
  for (let at = 0; at < request.rows.length; at++) {
    yield {
      slot: request.slots[at] ?? -1,
      asker: request.askers[at] ?? -1,
      endUs: request.endsUs[at] ?? NaN,
      input: request.inputs.subarray(at * width, (at + 1) * width),
    };
  }
}
