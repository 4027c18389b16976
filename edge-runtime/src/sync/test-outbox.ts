import type { Clock } from "@millwright/kit";
import {
  sealFrame,
  frameBytes,
  type Beat,
  type EndOfRun,
  type Epoch,
  type GatewayId,
  type JournalBirth,
  type LaneMark,
  type RoadLane,
  type TagId,
} from "@millwright/wire-contract";

import type { Outbox, OutboxFrame, OutboxLane } from "../hand-over.ts";

export const gateway = "press-hall" as GatewayId;
export const epoch = "0123456789abcdef0123456789abcdef" as Epoch;

/** What the gateway of the tests says of itself. */
export const about = {
  gateway,
  name: "Press hall",
  site: "north",
  hmi: "",
  software: "1.0.0",
} as const;

/** A gateway without devices, for which nothing waits. */
export function quietBeat(clock: Clock): Beat {
  return {
    ...{ version: 1, gateway, nowUs: clock.nowUs(), devices: [], unexplained: 0 },
    ...{ waitingFrames: 0, waitingSamples: 0, oldestWaitingMs: 0, stopping: false },
  };
}

interface Kept extends OutboxFrame {
  readonly chain: bigint;
}

interface Lane {
  base: { seq: number; chain: bigint };
  storedSeq: number;
  frames: Kept[];
}

/** For the tests of this folder: an outbox in memory, so that steps need not import each other. */
export class TestOutbox implements Outbox {
  readonly #lanes = new Map<RoadLane, Lane>(
    (["critical", "live", "history", "capture"] as const).map((lane) => [
      lane,
      { base: { seq: 0, chain: 0n }, storedSeq: 0, frames: [] },
    ]),
  );
  readonly #listeners = new Set<() => void>();
  #incarnation: string | undefined;
  readonly refusedMarks: LaneMark[] = [];
  readonly rewinds: LaneMark[] = [];
  readonly left: LaneMark[] = [];
  link = false;
  watched: readonly TagId[] = [];
  nowUs = 0;

  /** A frame that stands for others that are gone. */
  sealVoid(lane: RoadLane): void {
    this.seal(lane, 1, 10, { isVoid: true });
  }

  /** Seals frames of so many bytes. */
  seal(lane: RoadLane, count = 1, size = 10, as: Pick<OutboxFrame, "isVoid"> = {}): void {
    const own = this.#of(lane);
    for (let added = 0; added < count; added++) {
      const last = own.frames.at(-1);
      const seq = (last?.seq ?? own.base.seq) + 1;
      const sealed = sealFrame(
        {
          gateway,
          epoch,
          lane,
          seq,
          content: lane === "critical" ? "ledger" : "samples",
          cum: 0,
          sampleCount: 0,
          dictionary: 0n,
          firstUs: 0,
          lastUs: 0,
          sealedUs: this.nowUs,
          clock: { segment: 1, disciplined: true, offsetUs: 0 },
          rawFrom: 0,
          rawTo: 0,
          late: false,
        },
        last?.chain ?? own.base.chain,
        new Uint8Array(size),
      );
      own.frames.push({
        epoch,
        lane,
        seq,
        sampleCount: 1,
        sealedUs: this.nowUs,
        bytes: frameBytes(sealed),
        chain: sealed.head.chain,
        ...as,
      });
    }
    for (const listener of this.#listeners) listener();
  }

  lanes(): Promise<readonly OutboxLane[]> {
    return Promise.resolve(
      [...this.#lanes].map(([lane, { base, storedSeq, frames }]) => ({
        epoch,
        startedUs: 1,
        lastCommitUs: 0,
        lane,
        baseSeq: base.seq,
        baseChain: base.chain,
        storedSeq,
        headSeq: frames.at(-1)?.seq ?? base.seq,
        headChain: frames.at(-1)?.chain ?? base.chain,
      })),
    );
  }

  framesAfter(
    _epoch: Epoch,
    lane: RoadLane,
    seq: number,
    bytesMax: number,
  ): Promise<readonly OutboxFrame[]> {
    const taken: OutboxFrame[] = [];
    let bytes = 0;
    for (const frame of this.#of(lane).frames) {
      if (frame.seq <= seq) continue;
      taken.push(frame);
      bytes += frame.bytes.length;
      if (bytes > bytesMax) break;
    }
    return Promise.resolve(taken);
  }

  take(mark: LaneMark): Promise<"taken" | "foreign"> {
    const lane = this.#of(mark.lane);
    const at =
      mark.storedSeq === lane.base.seq
        ? lane.base
        : lane.frames.find(({ seq }) => seq === mark.storedSeq);
    if (at?.chain !== BigInt(`0x${mark.chain}`)) {
      this.refusedMarks.push(mark);
      return Promise.resolve("foreign");
    }
    lane.storedSeq = Math.max(lane.storedSeq, mark.storedSeq);
    const safe = lane.frames.find(({ seq }) => seq === mark.safeSeq);
    if (safe !== undefined) {
      lane.base = safe;
      lane.frames = lane.frames.filter(({ seq }) => seq > safe.seq);
    }
    return Promise.resolve("taken");
  }

  leave(mark: LaneMark): Promise<void> {
    this.left.push(mark);
    return Promise.resolve();
  }

  birth(): JournalBirth {
    return { epoch, startedUs: 1 };
  }

  endBefore(): EndOfRun | undefined {
    return "program";
  }

  rewind(mark: LaneMark): Promise<boolean> {
    this.rewinds.push(mark);
    return Promise.resolve(true);
  }

  incarnation(): string | undefined {
    return this.#incarnation;
  }

  agree(incarnation: string): Promise<void> {
    if (incarnation !== this.#incarnation) {
      for (const lane of this.#lanes.values()) lane.storedSeq = lane.base.seq;
    }
    this.#incarnation = incarnation;
    return Promise.resolve();
  }

  waiting(): { frames: number; samples: number; oldestSealedUs: number } {
    const frames = [...this.#lanes.values()].flatMap((lane) =>
      lane.frames.filter(({ seq }) => seq > lane.storedSeq),
    );
    const oldestSealedUs = Math.min(...frames.map((frame) => frame.sealedUs));
    return {
      frames: frames.length,
      samples: frames.length,
      oldestSealedUs: frames.length === 0 ? 0 : oldestSealedUs,
    };
  }

  onSealed(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  linkUp(up: boolean): void {
    this.link = up;
  }

  watch(tags: readonly TagId[]): void {
    this.watched = tags;
  }

  #of(lane: RoadLane): Lane {
    const own = this.#lanes.get(lane);
    if (own === undefined) throw new Error(`no lane ${lane}`);
    return own;
  }
}
