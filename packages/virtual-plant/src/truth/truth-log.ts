import { createWriteStream, type WriteStream } from "node:fs";
import { once } from "node:events";
import type { PlantValue } from "../machine.ts";

/** One line of the truth: what a machine had, or what a device handed to a client. */
export interface TruthRecord {
  /** `sampled` into the controller's image, or `served` to a client. */
  readonly event: "sampled" | "served";
  /** True time, µs since 1970 UTC. */
  readonly atUs: number;
  readonly machine: string;
  readonly point: string;
  /** Time on the device's own clock, µs since 1970 UTC. */
  readonly measuredUs: number;
  readonly value: PlantValue;
  /** OPC UA status code. */
  readonly status: number;
  /** The protocol that served it; absent for what was sampled. */
  readonly via?: string;
}

export type TruthSink = (record: TruthRecord) => void;

/**
 * Writes the truth to a file, so that a test compares sample by sample: JSON lines, or CSV when the name ends so.
 * Values are text, because neither NaN nor 64-bit integers live in JSON.
 */
export class TruthFile {
  readonly #stream: WriteStream;
  readonly #csv: boolean;
  #failure: Error | undefined;

  constructor(file: string) {
    this.#csv = file.endsWith(".csv");
    this.#stream = createWriteStream(file, { flags: "w" });
    // A full disk must not end the plant: the log says at its end that it is not whole.
    this.#stream.on("error", (failure) => (this.#failure = failure));
    if (this.#csv) this.#stream.write("at_us,event,machine,point,measured_us,value,status,via\n");
  }

  readonly add: TruthSink = (record) => {
    if (this.#failure !== undefined) return;
    this.#stream.write(this.#csv ? csvLine(record) : jsonLine(record));
  };

  /** Resolves when all is written; rejects when something could not be. */
  async close(): Promise<void> {
    if (this.#failure === undefined) {
      this.#stream.end();
      await once(this.#stream, "close");
    }
    // Read again: closing writes too.
    const failure = this.#failureNow();
    if (failure !== undefined) throw new Error("the truth log is not whole", { cause: failure });
  }

  #failureNow(): Error | undefined {
    return this.#failure;
  }
}

function jsonLine(record: TruthRecord): string {
  return `${JSON.stringify({ ...record, value: String(record.value) })}\n`;
}

function csvLine(record: TruthRecord): string {
  const { atUs, event, machine, point, measuredUs, value, status, via } = record;
  const fields = [atUs, event, machine, point, measuredUs, String(value), status, via ?? ""];
  return `${fields.map((field) => quoted(String(field))).join(",")}\n`;
}

function quoted(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
