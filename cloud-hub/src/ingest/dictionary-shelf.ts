import type { Dictionary, GatewayId } from "@millwright/wire-contract";

/**
 * Tags of the dictionaries in use, some 200 MB: half a million tags are 5,000 gateways of 100. A bound on dictionaries
 * would let a fleet of more gateways fetch one for nearly each frame.
 */
const tagsMax = 500_000;

/** Where dictionaries come from when they are not at hand. */
interface Source {
  dictionary(gateway: GatewayId, hash: bigint): Promise<Dictionary | undefined>;
}

/** Dictionaries at hand for decoding, the least recently wanted of them leaving first. */
export class DictionaryShelf {
  readonly #source: Source;
  readonly #known = new Map<string, Dictionary>();
  #tags = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  get(gateway: GatewayId, hash: bigint): Dictionary | undefined {
    return this.#known.get(`${gateway}/${hash}`);
  }

  put(gateway: GatewayId, dictionary: Dictionary): void {
    const key = `${gateway}/${dictionary.hash}`;
    this.#tags += dictionary.size - (this.#known.get(key)?.size ?? 0);
    this.#known.delete(key);
    this.#known.set(key, dictionary);
    for (const [oldest, { size }] of this.#known) {
      if (this.#tags <= tagsMax || oldest === key) break;
      this.#known.delete(oldest);
      this.#tags -= size;
    }
  }

  /** Brings those that are not here, if the store has them. */
  async fetch(
    wanted: readonly { readonly gateway: GatewayId; readonly hash: bigint }[],
  ): Promise<void> {
    const missing = new Map(
      wanted
        .filter(({ gateway, hash }) => hash !== 0n && this.get(gateway, hash) === undefined)
        .map((one) => [`${one.gateway}/${one.hash}`, one]),
    );
    for (const { gateway, hash } of missing.values()) {
      const dictionary = await this.#source.dictionary(gateway, hash);
      if (dictionary !== undefined) this.put(gateway, dictionary);
    }
  }

  clear(): void {
    this.#known.clear();
    this.#tags = 0;
  }
}
