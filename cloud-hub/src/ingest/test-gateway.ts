/** A gateway for tests: seals frames as a journal does, and remembers them. */
import {
  encodeClock,
  encodeDictionary,
  encodeLedger,
  encodeSamples,
  encodeVoid,
  frameBytes,
  makeDictionary,
  parseFrame,
  sealFrame,
  type ClockRecord,
  type ClockState,
  type Complete,
  type Dictionary,
  type Epoch,
  type FrameContent,
  type GatewayId,
  type Hello,
  type LedgerEntry,
  type RoadLane,
  type TagDefinition,
  type TagId,
  type DeviceId,
} from "@millwright/wire-contract";
import { encodeEvents, type EventLine } from "@millwright/wire-contract/events";

export interface TestFrame {
  readonly epoch: Epoch;
  readonly lane: RoadLane;
  readonly seq: number;
  readonly chain: bigint;
  readonly cum: number;
  readonly sampleCount: number;
  readonly bytes: Uint8Array;
}

export function testTag(index: number, change: Partial<TagDefinition> = {}): TagDefinition {
  return {
    index,
    id: `pump/t${index}` as TagId,
    name: `Temperature ${index}`,
    device: "plc-1" as DeviceId,
    type: "float64",
    kind: "measurement",
    unit: "Cel",
    decimals: 1,
    scale: 1,
    offset: 0,
    revision: 1,
    clock: "gateway",
    expectedMs: 1_000,
    low: NaN,
    high: NaN,
    asset: "Pump 1",
    texts: new Map(),
    filteredAtSource: "",
    ...change,
  };
}

export class TestGateway {
  readonly gateway: GatewayId;
  readonly dictionary: Dictionary;
  epoch: Epoch;
  readonly epochs: Epoch[] = [];
  readonly frames: TestFrame[] = [];
  #lanes = new Map<string, { seq: number; chain: bigint; cum: number }>();
  #raw = 0;

  constructor(gateway: string, tags: readonly TagDefinition[] = [testTag(0), testTag(1)]) {
    this.gateway = gateway as GatewayId;
    this.dictionary = makeDictionary(tags);
    this.epoch = this.newEpoch();
  }

  newEpoch(): Epoch {
    this.epoch = String(this.epochs.length + 1).padStart(32, "0") as Epoch;
    this.epochs.push(this.epoch);
    return this.epoch;
  }

  dictionaryFrame(): TestFrame {
    return this.seal("critical", "dictionary", encodeDictionary(this.dictionary));
  }

  clock(record: ClockRecord): TestFrame {
    return this.seal("critical", "clock", encodeClock(record));
  }

  events(lines: readonly EventLine[], journalUs = 1): TestFrame {
    return this.seal("critical", "events", encodeEvents({ journalUs, lines }));
  }

  ledger(entries: readonly LedgerEntry[]): TestFrame {
    return this.seal("critical", "ledger", encodeLedger(entries));
  }

  /** @param rows tag index, value, measured µs */
  samples(
    rows: readonly (readonly [tag: number, value: number, measuredUs: number])[],
    change: {
      readonly late?: boolean;
      readonly lane?: RoadLane;
      readonly clock?: ClockState;
    } = {},
  ): TestFrame {
    const body = encodeSamples(
      {
        count: rows.length,
        tag: Int32Array.from(rows, ([tag]) => tag),
        value: Float64Array.from(rows, ([, value]) => value),
        measuredUs: Float64Array.from(rows, ([, , us]) => us),
        status: new Uint32Array(rows.length),
      },
      this.dictionary,
    );
    const times = rows.map(([, , us]) => us);
    return this.seal(change.lane ?? "live", "samples", body, {
      sampleCount: rows.length,
      firstUs: Math.min(...times),
      lastUs: Math.max(...times),
      late: change.late ?? false,
      ...(change.clock === undefined ? {} : { clock: change.clock }),
    });
  }

  /** Stands for the frames `from` to `to`, which were sealed by this gateway. */
  void(from: TestFrame, to: TestFrame): TestFrame {
    const between = this.frames.filter(
      (frame) =>
        frame.epoch === from.epoch &&
        frame.lane === from.lane &&
        frame.seq >= from.seq &&
        frame.seq <= to.seq,
    );
    const before = this.frames.find(
      (frame) =>
        frame.epoch === from.epoch && frame.lane === from.lane && frame.seq === from.seq - 1,
    );
    const sampleCount = between.reduce((sum, frame) => sum + frame.sampleCount, 0);
    const chainBefore = before?.chain ?? 0n;
    const sealed = sealFrame(
      {
        ...this.#fields(from.lane, "void"),
        epoch: from.epoch,
        seq: to.seq,
        cum: to.cum,
        sampleCount,
      },
      chainBefore,
      encodeVoid({ fromSeq: from.seq, toSeq: to.seq, chainBefore, chainAt: to.chain, sampleCount }),
    );
    return { ...to, sampleCount, bytes: frameBytes(sealed) };
  }

  seal(
    lane: RoadLane,
    content: Exclude<FrameContent, "unknown">,
    body: Uint8Array,
    of: {
      sampleCount?: number;
      firstUs?: number;
      lastUs?: number;
      late?: boolean;
      clock?: ClockState;
      complete?: Complete;
    } = {},
  ): TestFrame {
    const key = `${this.epoch}/${lane}`;
    const head = this.#lanes.get(key) ?? { seq: 0, chain: 0n, cum: 0 };
    const seq = head.seq + 1;
    const cum = head.cum + (of.sampleCount ?? 0);
    const sealed = sealFrame({ ...this.#fields(lane, content), ...of, seq, cum }, head.chain, body);
    this.#lanes.set(key, { seq, chain: sealed.head.chain, cum });
    const frame = {
      epoch: this.epoch,
      lane,
      seq,
      chain: sealed.head.chain,
      cum,
      sampleCount: sealed.head.sampleCount,
      bytes: frameBytes(sealed),
    };
    this.frames.push(frame);
    return frame;
  }

  hello(change: Partial<Hello> = {}): Hello {
    return {
      version: 1,
      gateway: this.gateway,
      name: "Press shop",
      site: "Brno",
      hmi: "",
      software: "0.1.0",
      epochs: this.epochs.map((epoch) => ({
        epoch,
        startedUs: 0,
        lanes: (["critical", "live"] as const).map((lane) => {
          const head = this.#lanes.get(`${epoch}/${lane}`) ?? { seq: 0, chain: 0n };
          return {
            lane,
            baseSeq: 0,
            baseChain: "0".repeat(16),
            storedSeq: 0,
            headSeq: head.seq,
            headChain: head.chain.toString(16).padStart(16, "0"),
          };
        }),
      })),
      ...change,
    };
  }

  #fields(
    lane: RoadLane,
    content: Exclude<FrameContent, "unknown">,
  ): Omit<Parameters<typeof sealFrame>[0], never> {
    this.#raw++;
    return {
      gateway: this.gateway,
      epoch: this.epoch,
      lane,
      seq: 1,
      content,
      cum: 0,
      sampleCount: 0,
      dictionary: content === "samples" || content === "aggregates" ? this.dictionary.hash : 0n,
      firstUs: 0,
      lastUs: 0,
      sealedUs: 1_000_000 * this.#raw,
      clock: { segment: 1, disciplined: true, offsetUs: 0 },
      rawFrom: this.#raw,
      rawTo: this.#raw,
      late: false,
    };
  }
}

/** Three frames of the live lane, of one, two and three samples. */
export function threeFrames(gateway: TestGateway): [TestFrame, TestFrame, TestFrame] {
  return [
    gateway.samples([[0, 1, 1]]),
    gateway.samples([
      [0, 2, 2],
      [1, 20, 2],
    ]),
    gateway.samples([
      [0, 3, 3],
      [1, 30, 3],
      [0, 31, 3],
    ]),
  ];
}

/** The frame of the same number that another journal would have sealed: a fork. */
export function forked(frame: TestFrame): TestFrame {
  const parsed = parseFrame(frame.bytes);
  if (parsed.kind !== "frame") throw new Error("not a frame");
  const sealed = sealFrame(
    { ...parsed.head, sealedUs: parsed.head.sealedUs + 7 },
    0x0123_4567n,
    parsed.body,
  );
  return { ...frame, chain: sealed.head.chain, bytes: frameBytes(sealed) };
}

/** The same bytes with one bit changed on the way. */
export function damaged(frame: TestFrame): Uint8Array {
  const bytes = Uint8Array.from(frame.bytes);
  const at = bytes.length - 1;
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  return bytes;
}
