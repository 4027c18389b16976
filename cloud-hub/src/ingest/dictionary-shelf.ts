import type { Dictionary, GatewayId } from "@millwright/wire-contract";

/** Dictionaries in use. A gateway seals a new one only when its tags change, so a few for each are enough. */
const dictionariesMax = 4_096;

/** Where dictionaries come from when they are not at hand. */
interface Source {
  dictionary(gateway: GatewayId, hash: bigint): Promise<Dictionary | undefined>;
}

/** Dictionaries at hand for decoding, the least recently wanted of them leaving first. */
export class DictionaryShelf {
  readonly #source: Source;
  readonly #known = new Map<string, Dictionary>();

  constructor(source: Source) {
    this.#source = source;
  }

  get(gateway: GatewayId, hash: bigint): Dictionary | undefined {
    return this.#known.get(`${gateway}/${hash}`);
  }

  put(gateway: GatewayId, dictionary: Dictionary): void {
    const key = `${gateway}/${dictionary.hash}`;
    this.#known.delete(key);
    this.#known.set(key, dictionary);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= dictionariesMax) break;
      this.#known.delete(oldest);
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
  }
}
