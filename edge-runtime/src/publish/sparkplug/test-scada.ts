/** For tests: what a SCADA system has of a node, over our own Sparkplug host, which knows nothing of the node's code. */
import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import type { Scalar, ValueType } from "@millwright/wire-contract";

import { RebirthPacer } from "../../acquire/mqtt/rebirth-pacer.ts";
import { createSparkplugDriver } from "../../acquire/mqtt/sparkplug-driver.ts";

export interface Heard {
  readonly point: string;
  readonly measuredMs: number;
  readonly value: Scalar | undefined;
  readonly status: number;
  /** It came marked as history. */
  readonly late: boolean;
}

/** Listens until it is ended, and comes back whenever the broker does. */
export class TestScada {
  readonly heard: Heard[] = [];
  /** Messages that its sequence numbers say are missing. */
  missing = 0;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    url: string,
    points: Readonly<Record<string, ValueType>>,
    connection: { readonly clientId: string; readonly primaryHost: boolean },
  ) {
    this.#running = this.#run(url, points, connection);
  }

  /** Ends without a word, as when its plug is pulled; the broker tells its will. */
  async kill(): Promise<void> {
    this.#stop.abort(new Error("killed"));
    await this.#running;
  }

  of(point: string): readonly Heard[] {
    return this.heard.filter((each) => each.point === point);
  }

  async #run(
    url: string,
    types: Readonly<Record<string, ValueType>>,
    { clientId, primaryHost }: { readonly clientId: string; readonly primaryHost: boolean },
  ): Promise<void> {
    const driver = createSparkplugDriver(new RebirthPacer());
    const host = primaryHost ? { primaryHost, hostId: clientId } : {};
    const settings = driver.settings.parse({ url, clientId, rebirthEverySeconds: 1, ...host });
    const points = Object.entries(types).map(([address, type]) => {
      return { tag: address, address, type, everyMs: 100, options: {} };
    });
    const context = {
      device: "scada",
      clock: systemClock,
      random: seededRandom(clientId),
      log: silentLog,
      queueMax: 50_000,
      stateFolder: "",
      due: () => undefined,
      lost: () => {
        this.missing++;
      },
      proven: () => undefined,
      note: () => undefined,
      badge: () => undefined,
    };
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await using session = await driver.open(settings, points, context, signal);
        for await (const batch of session.readings(signal)) {
          for (let row = 0; row < batch.count; row++) {
            this.heard.push({
              point: points[batch.point[row] ?? -1]?.address ?? "",
              measuredMs: (batch.measuredUs[row] ?? NaN) / 1_000,
              value: batch.wide?.get(row) ?? batch.value[row],
              status: batch.status[row] ?? NaN,
              late: batch.late === true,
            });
          }
          await batch.settle?.();
        }
      } catch {
        await systemClock.sleep(20, signal).catch(() => undefined);
      }
    }
  }
}
