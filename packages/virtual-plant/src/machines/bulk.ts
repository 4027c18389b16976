import type { Machine, PointSpec } from "../machine.ts";
import { tickMs } from "../machine.ts";
import { measurement, produced } from "./point.ts";

/**
 * Many cheap signals, for benches: whole numbers from 0 to 65,535 that all change at the stated rate and differ from
 * each other, so that a mixed-up tag is seen. Their sampling is spread over the second to keep the load even.
 */
export class Bulk implements Machine {
  readonly id: string;
  readonly kind = "bulk";
  readonly points: readonly PointSpec[];
  #elapsedS = 0;

  constructor(id: string, count: number, rateHz: number) {
    this.id = id;
    const everyMs = Math.max(1, Math.round(1_000 / rateHz / tickMs)) * tickMs;
    this.points = [
      ...Array.from({ length: count }, (_unused, index) => this.#signal(index, everyMs)),
      produced(everyMs),
    ];
  }

  step(dtS: number): void {
    this.#elapsedS += dtS;
  }

  #signal(index: number, everyMs: number): PointSpec {
    const path = `S${String(index).padStart(5, "0")}`;
    const read = (): number => Math.round(index * 7 + (this.#elapsedS * 1_000) / tickMs) % 65_536;
    return {
      ...measurement(path, `Signal ${index}`, "1", read, { everyMs, decimals: 0 }),
      type: "uint16",
    };
  }
}

/**
 * The machines that bring a plant from what its models have to `tags`: half of the rest on OPC UA (`bulk-opcua`), half
 * on Modbus TCP (`bulk-modbus`), or all on the one of the two that runs.
 */
export function bulkMachines(
  fleet: readonly Machine[],
  options: {
    readonly tags: number;
    readonly rateHz: number;
    readonly protocols: readonly string[];
  },
): readonly Bulk[] {
  const { tags, rateHz, protocols } = options;
  const missing = tags - fleet.reduce((sum, { points }) => sum + points.length, 0);
  const over = ["opcua", "modbus-tcp"].filter((protocol) => protocols.includes(protocol));
  if (missing <= 0 || over.length === 0) return [];
  return over.map((protocol, at) => {
    const share = Math.floor(missing / over.length) + (at < missing % over.length ? 1 : 0);
    // One of the share is its counter of served readings.
    return new Bulk(protocol === "opcua" ? "bulk-opcua" : "bulk-modbus", share - 1, rateHz);
  });
}
