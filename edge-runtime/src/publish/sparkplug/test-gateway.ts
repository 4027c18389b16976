/** For tests: a journal and the node that follows it, without the rest of a gateway. It can be killed and started again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { seededRandom, silentLog, systemClock, type Random } from "@millwright/kit";
import { ValueTable } from "@millwright/live-feed";
import type { DeviceId, DeviceStatus, GatewayId, TagId } from "@millwright/wire-contract";

import { openJournalCore, type JournalCore } from "../../buffer/journal.ts";
import { tagViewOf } from "../../serve/tag-view.ts";
import { SparkplugNode, type SparkplugNodeParts } from "./sparkplug-node.ts";

const device = "press-1" as DeviceId;
/** In the order of their dictionary indices. */
const tags = [
  { id: "press-1/force", type: "float64", unit: "kN" },
  { id: "press-1/count", type: "uint64", unit: "" },
] as const;

export class TestGateway {
  readonly #folder: string;
  readonly #url: string;
  readonly #change: Partial<SparkplugNodeParts>;
  readonly #random: Random = seededRandom("gateway");
  #journal: JournalCore | undefined;
  #node: SparkplugNode | undefined;
  #current: ValueTable | undefined;
  /** An hour ago, so that no sample bears the time at which something was received. */
  #lastMs = Math.floor(systemClock.nowUs() / 1_000) - 3_600_000;
  state: DeviceStatus["state"] = "live";

  constructor(
    context: { after(end: () => Promise<void>): void },
    url: string,
    change: Partial<SparkplugNodeParts> = {},
  ) {
    this.#folder = mkdtempSync(join(tmpdir(), "sparkplug-node-"));
    this.#url = url;
    this.#change = change;
    context.after(async () => {
      await this.kill();
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  get node(): SparkplugNode {
    if (this.#node === undefined) throw new Error("the gateway does not run");
    return this.#node;
  }

  get journal(): JournalCore {
    if (this.#journal === undefined) throw new Error("the gateway does not run");
    return this.#journal;
  }

  async start(): Promise<void> {
    const journal = openJournalCore({
      folder: this.#folder,
      gateway: "gw-1" as GatewayId,
      commitEveryMs: 20,
      keepRawHours: 24,
      tellEveryMs: 1_000,
      bytesMax: 64 * 2 ** 20,
      clock: systemClock,
      random: this.#random,
      log: silentLog,
      onBroken: () => undefined,
    });
    this.#journal = journal;
    const { book } = await journal.adoptTags(
      tags.map(({ id, type, unit }) => ({
        ...{ id: id as TagId, name: id, device, type, unit, kind: "measurement" as const },
        ...{ decimals: 1, scale: 1, offset: 0, clock: "gateway" as const, expectedMs: 60_000 },
        ...{ low: NaN, high: NaN, asset: "", texts: new Map(), filteredAtSource: "" },
      })),
    );
    this.#current ??= new ValueTable(book);
    this.#node = new SparkplugNode({
      name: { group: "Brno", node: "gw-1" },
      broker: {
        url: this.#url,
        clientId: "gw-1-sparkplug",
        keepAliveSeconds: 30,
        connectTimeoutMs: 10_000,
      },
      primaryHost: undefined,
      replayMs: 60_000,
      storeAndForwardHours: 72,
      tags: tags.map(({ id, type, unit }, index) => {
        const metric = id.slice("press-1/".length);
        return { index, alias: BigInt(index) + 1n, metric, device, type, unit };
      }),
      feed: journal.kept,
      book: journal.events,
      current: tagViewOf(this.#current),
      devices: () => [
        {
          ...{ device, name: "Press 1", protocol: "test", state: this.state, sinceUs: 0 },
          ...{ confirmedUs: 0, note: "", badge: "" },
        },
      ],
      clock: systemClock,
      random: this.#random,
      log: silentLog,
      ...this.#change,
    });
    await this.#node.start();
  }

  /** Keeps so many samples of the first tag, a millisecond apart, and commits them. @returns when they were measured, ms */
  async keep(count: number, status = 0): Promise<readonly number[]> {
    const measuredMs = Array.from({ length: count }, () => ++this.#lastMs);
    const batch = {
      device,
      receivedUs: systemClock.nowUs(),
      late: false,
      count,
      tag: new Int32Array(count),
      measuredUs: Float64Array.from(measuredMs, (ms) => ms * 1_000),
      // A value that says when it was measured.
      value: Float64Array.from(measuredMs, (ms) => ms % 100_000),
      status: new Uint32Array(count).fill(status),
    };
    if (!this.journal.append(batch)) throw new Error("the journal has no room");
    this.#current?.setRows(batch, batch.receivedUs);
    await this.journal.commit();
    return measuredMs;
  }

  /** As a crash would: nothing is said, nothing is kept. */
  async kill(): Promise<void> {
    const [journal, node] = [this.#journal, this.#node];
    this.#journal = undefined;
    this.#node = undefined;
    await journal?.abandon();
    await node?.stop(AbortSignal.abort());
  }

  async stop(): Promise<void> {
    await this.#node?.stop(new AbortController().signal);
    await this.#journal?.close();
    this.#node = undefined;
    this.#journal = undefined;
  }
}
