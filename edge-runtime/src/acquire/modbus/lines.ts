/** The lines that are open now. Devices with equal lines share one connection and one queue (field practice 34). */
import { race } from "@millwright/kit";

import type { DriverContext } from "../driver.ts";
import { SettingsRefused } from "../faults.ts";
import { Line, type Converse } from "./line.ts";
import { lineOf, wiringOf, type ModbusSettings } from "./settings.ts";
import { openTransport } from "./transport.ts";

interface OpenLine {
  /** What all who share the line must have written alike. */
  readonly wiring: string;
  readonly line: Promise<Line>;
  readonly closed: Promise<void>;
  users: number;
}

/** One device's part in a line. */
export interface LineUse {
  readonly line: Line;
  /** The last one who leaves closes the line; resolves when it is closed. */
  leave(): Promise<void>;
}

export class Lines {
  readonly #converse: (settings: ModbusSettings) => Converse;
  readonly #open = new Map<string, OpenLine>();

  constructor(converse: (settings: ModbusSettings) => Converse) {
    this.#converse = converse;
  }

  /** Throws `DeviceUnreachable`, `SettingsRefused`, or the reason of `signal`. */
  async join(
    settings: ModbusSettings,
    context: DriverContext,
    signal: AbortSignal,
  ): Promise<LineUse> {
    signal.throwIfAborted();
    const key = lineOf(settings);
    const wiring = wiringOf(settings);
    let entry = this.#open.get(key);
    if (entry !== undefined && entry.wiring !== wiring) {
      throw new SettingsRefused(
        context.device,
        `another device uses ${key} with other settings (${entry.wiring}; here ${wiring})`,
        "Give all devices of one line the same framing, speed, parity and number of requests under way.",
      );
    }
    if (entry === undefined) {
      entry = this.#begin(key, wiring, settings, context);
      this.#open.set(key, entry);
    }
    const mine = entry;
    mine.users++;
    let left = false;
    const leave = async (): Promise<void> => {
      if (left) return;
      left = true;
      mine.users--;
      if (mine.users > 0) return;
      if (this.#open.get(key) === mine) this.#open.delete(key);
      const line = await mine.line.catch(() => undefined);
      line?.fail(new Error("the line was closed"));
      await mine.closed;
    };
    try {
      return { line: await race(mine.line, signal), leave };
    } catch (failure) {
      // Not waited for: the line may still be connecting, and closes itself when it is done.
      void leave();
      throw failure;
    }
  }

  #begin(key: string, wiring: string, settings: ModbusSettings, context: DriverContext): OpenLine {
    let nowClosed: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      nowClosed = resolve;
    });
    const line = new Line(context.clock, context.random.fork(key), this.#converse(settings));
    const opening = openTransport(settings, context.device, {
      data: (chunk) => {
        line.received(chunk);
      },
      closed: (cause) => {
        line.fail(cause ?? new Error("the connection was closed"));
        nowClosed();
      },
    }).then(
      (transport) => {
        line.attach(transport);
        return line;
      },
      (failure: unknown) => {
        nowClosed();
        throw failure;
      },
    );
    const entry: OpenLine = { wiring, line: opening, closed, users: 0 };
    const forget = (): void => {
      if (this.#open.get(key) === entry) this.#open.delete(key);
    };
    line.gone.addEventListener("abort", forget, { once: true });
    opening.catch(forget);
    return entry;
  }
}
