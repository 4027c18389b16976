/** A hub's database for benches, with what is written into it as gateways write it. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import {
  admit,
  connectionsOf,
  openPostgresStore,
  postgres,
  programFolders,
  type PostgresStore,
} from "@millwright/cloud-hub/history-parts";
import { silentLog, systemClock, type Random } from "@millwright/kit";
import {
  encodeDictionary,
  encodeSamples,
  frameBytes,
  sealFrame,
  type Dictionary,
  type Epoch,
  type FrameContent,
  type GatewayId,
  type RoadLane,
  type SampleColumns,
} from "@millwright/wire-contract";

export interface HubDatabase extends AsyncDisposable {
  readonly url: string;
  /** Of the process that its others come from. */
  readonly pid: number;
  readonly store: PostgresStore;
}

/** As the settings of a new hub have it. */
const writers = 2;
const sorters = 2;

/** PostgreSQL as the hub starts it, in a folder of its own. */
export async function openHubDatabase(folder: string, random: Random): Promise<HubDatabase> {
  // Started by root, it runs as another user, who must get to the data.
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, "postgres"), { recursive: true });
  const context = { clock: systemClock, random, log: silentLog };
  const database = postgres(
    {
      folder: join(folder, "postgres"),
      chosenPort: undefined,
      programs: undefined,
      path: programFolders(),
      user: undefined,
      connectionsMax: connectionsOf({ writers, history: { sorters } }),
    },
    context,
  );
  await database.child.start();
  const url = database.url();
  const store = await openPostgresStore({ url, writers, log: silentLog });
  return {
    url,
    pid: database.child.pid,
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await database.child.stop(AbortSignal.timeout(20_000));
    },
  };
}

/** Seals frames one after the other, as a journal does. */
export class FrameMaker {
  readonly gateway: GatewayId;
  readonly dictionary: Dictionary;
  readonly epoch = "1".repeat(32) as Epoch;
  readonly #lanes = new Map<RoadLane, { seq: number; chain: bigint; cum: number }>();
  #raw = 0;

  constructor(gateway: string, dictionary: Dictionary) {
    this.gateway = gateway as GatewayId;
    this.dictionary = dictionary;
  }

  dictionaryFrame(): Uint8Array {
    return this.#seal("critical", "dictionary", encodeDictionary(this.dictionary), {});
  }

  samples(columns: SampleColumns, body = encodeSamples(columns, this.dictionary)): Uint8Array {
    let firstUs = Infinity;
    let lastUs = -Infinity;
    for (let row = 0; row < columns.count; row++) {
      firstUs = Math.min(firstUs, columns.measuredUs[row] ?? firstUs);
      lastUs = Math.max(lastUs, columns.measuredUs[row] ?? lastUs);
    }
    return this.#seal("live", "samples", body, { sampleCount: columns.count, firstUs, lastUs });
  }

  #seal(
    lane: RoadLane,
    content: Exclude<FrameContent, "unknown">,
    body: Uint8Array,
    of: { sampleCount?: number; firstUs?: number; lastUs?: number },
  ): Uint8Array {
    const before = this.#lanes.get(lane) ?? { seq: 0, chain: 0n, cum: 0 };
    const seq = before.seq + 1;
    const cum = before.cum + (of.sampleCount ?? 0);
    this.#raw++;
    const sealed = sealFrame(
      {
        gateway: this.gateway,
        epoch: this.epoch,
        lane,
        seq,
        content,
        cum,
        sampleCount: 0,
        dictionary: content === "samples" ? this.dictionary.hash : 0n,
        firstUs: 0,
        lastUs: 0,
        sealedUs: of.lastUs ?? 0,
        clock: { segment: 7, disciplined: true, offsetUs: 0 },
        rawFrom: this.#raw,
        rawTo: this.#raw,
        late: false,
        ...of,
      },
      before.chain,
      body,
    );
    this.#lanes.set(lane, { seq, chain: sealed.head.chain, cum });
    return frameBytes(sealed);
  }
}

/** Into the database by the hub's own transaction, without a broker. */
export async function takeInto(
  { store }: HubDatabase,
  maker: FrameMaker,
  frames: readonly Uint8Array[],
  receivedUs: number,
): Promise<void> {
  const admitted = frames.map((bytes) => {
    for (const lane of ["live", "critical"] as const) {
      const verdict = admit(bytes, maker.gateway, lane, () => undefined);
      if (verdict.kind === "frame") return verdict.frame;
    }
    throw new Error("a frame of the bench was not admitted");
  });
  await store.takeIn({ receivedUs, frames: admitted, voids: [], rejected: [] });
}
