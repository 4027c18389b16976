import { Twins, type MemoryStore, type StoredFrame } from "@millwright/cloud-hub/parts";
import { silentLog, type Clock } from "@millwright/kit";
import { severityOf, type GatewayId } from "@millwright/wire-contract";

import { valuesOfDevice } from "./values-of-device.ts";

type Commit = Parameters<Twins["take"]>[0];

/**
 * N9: a current value never goes back to an earlier acquisition. The real twins are fed by the real commits; values of a
 * device rise as they are read, so that a value names its reading.
 */
export class CurrentValues {
  readonly breaches = new Set<string>();
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  /** For a control: what is committed last is the current value, in whatever order it was acquired. */
  readonly #asItComes: boolean;
  /** By tag and device: the newest reading that was shown. */
  readonly #newest = new Map<string, number>();
  #twins: Twins | undefined;
  #came = 0;

  constructor(store: MemoryStore, clock: Clock, asItComes: boolean) {
    this.#store = store;
    this.#clock = clock;
    this.#asItComes = asItComes;
  }

  /** As the hub does when it starts, and when its database was away: from what is stored. */
  async makeAgain(): Promise<void> {
    const twins = new Twins({
      reader: this.#store,
      clock: this.#clock,
      log: silentLog,
      undecodable: () => undefined,
    });
    this.#twins = twins;
    const known = await this.#store.gateways();
    for (const { gateway } of known) await twins.load(gateway);
    // Nobody is shown anything before all is read back.
    for (const { gateway } of known) this.#look(twins, gateway, []);
    twins.onChanged((gateway, tags) => {
      this.#look(twins, gateway, tags);
    });
  }

  /** The database was restored from an older state: what is shown may be older, too. */
  forget(): void {
    this.#newest.clear();
  }

  greeted(gateway: GatewayId): void {
    this.#twins?.greeted(gateway);
  }

  take(commit: Commit): void {
    this.#twins?.take(
      this.#asItComes ? { ...commit, stored: commit.stored.map((one) => this.#last(one)) } : commit,
    );
  }

  #last(frame: StoredFrame): StoredFrame {
    return { ...frame, epochRank: 0, head: { ...frame.head, rawTo: ++this.#came, late: false } };
  }

  /** @param tags all when empty */
  #look(twins: Twins, gateway: string, tags: readonly string[]): void {
    for (const { t: tag, v: value, s: status } of twins.table(gateway)?.values(tags) ?? []) {
      // A tag whose device is away keeps its last value, and says that it is not good.
      if (severityOf(status) === "good" && typeof value === "number") this.#shown(tag, value);
    }
  }

  #shown(tag: string, value: number): void {
    const key = `${tag}/${Math.floor(value / valuesOfDevice)}`;
    const newest = this.#newest.get(key) ?? -Infinity;
    if (value < newest) this.breaches.add(`N9: ${tag} goes back to an earlier reading`);
    else this.#newest.set(key, value);
  }
}
