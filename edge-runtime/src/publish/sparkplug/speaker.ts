/** What the node says on one connection: the cycle of births and numbers, turned into messages. */
import { topicOf, type NodeName } from "./topics.ts";
import {
  bearDevice,
  beBorn,
  endDevice,
  tellData,
  type CycleStep,
  type NodeCycle,
  type Said,
} from "./birth-cycle.ts";
import type { BrokerSession } from "./broker.ts";
import {
  deviceBirth,
  deviceData,
  deviceDeath,
  nodeBirth,
  nodeDeath,
  type TagSample,
} from "./payloads.ts";

/** Of 20 bytes each by alias, 60 by name: messages of 10 to 30 kB, which any broker and host takes. */
export const metricsMax = 500;

export class Speaker {
  readonly session: BrokerSession;
  readonly #node: NodeName;
  readonly #nowMs: () => number;
  readonly #present: (device: string) => readonly TagSample[];
  #cycle: NodeCycle;

  /** @param parts present: the newest value of each published tag of a device, for its birth */
  constructor(parts: {
    readonly session: BrokerSession;
    readonly node: NodeName;
    readonly cycle: NodeCycle;
    readonly nowMs: () => number;
    readonly present: (device: string) => readonly TagSample[];
  }) {
    this.session = parts.session;
    this.#node = parts.node;
    this.#cycle = parts.cycle;
    this.#nowMs = parts.nowMs;
    this.#present = parts.present;
  }

  get born(): boolean {
    return this.#cycle.seq !== undefined;
  }

  isBorn(device: string): boolean {
    return this.#cycle.born.has(device);
  }

  bear(devices: Iterable<string>): void {
    this.#say(beBorn(this.#cycle, devices));
  }

  bearDevice(device: string): void {
    this.#say(bearDevice(this.#cycle, device));
  }

  endDevice(device: string): void {
    this.#say(endDevice(this.#cycle, device));
  }

  /** Samples in their order; those of one device go together, as many as one message takes. */
  tell(samples: readonly TagSample[], historical: boolean): void {
    const byDevice = Map.groupBy(samples, ({ tag }) => tag.device);
    for (const [device, own] of byDevice) {
      for (let at = 0; at < own.length; at += metricsMax) {
        this.#say(tellData(this.#cycle, device), own.slice(at, at + metricsMax), historical);
      }
    }
  }

  /** Before a planned end: the broker does not tell the will of who says goodbye. */
  die(): void {
    if (!this.born) return;
    this.session.publish(
      topicOf(this.#node, "NDEATH"),
      nodeDeath(this.#cycle.bdSeq, this.#nowMs()),
    );
    this.#cycle = { ...this.#cycle, seq: undefined, born: new Set() };
  }

  #say({ cycle, say }: CycleStep, samples: readonly TagSample[] = [], historical = false): void {
    this.#cycle = cycle;
    for (const said of say) {
      const device = "device" in said ? said.device : undefined;
      this.session.publish(
        topicOf(this.#node, said.kind, device),
        this.#payload(said, samples, historical),
      );
    }
  }

  #payload(said: Said, samples: readonly TagSample[], historical: boolean): Uint8Array {
    const nowMs = this.#nowMs();
    switch (said.kind) {
      case "NBIRTH":
        return nodeBirth(said.bdSeq, nowMs);
      case "DBIRTH":
        return deviceBirth(this.#present(said.device), said.seq, nowMs);
      case "DDATA":
        return deviceData(samples, historical, said.seq, nowMs);
      case "DDEATH":
        return deviceDeath(said.seq, nowMs);
    }
  }
}
