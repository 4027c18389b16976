import type { Clock } from "@millwright/kit";
import {
  decodeVoid,
  fitsChain,
  gatewayOfSubject,
  parseFrame,
  type Epoch,
  type FrameHead,
  type Hello,
  type LaneMark,
  type RoadLane,
  type TagId,
} from "@millwright/wire-contract";

import { HubUnreachable } from "./faults.ts";
import { toHex, toJson } from "./messages.ts";
import type { Road, RoadEvents, RoadSession } from "./road.ts";

/**
 * For the tests of this folder: broker and hub in one, small, after section 6 of the protocol. The broker may lose what
 * it has acknowledged; the hub stores the contiguous prefix whose chain fits.
 */
export class TestHub implements Road {
  readonly #clock: Clock;
  #events: RoadEvents | undefined;
  #close: ((why: string) => void) | undefined;
  readonly #lanes = new Map<string, { place: { seq: number; chain: bigint }; held: Held[] }>();
  readonly #seenIds = new Set<string>();
  /** Acknowledged by the broker, not yet taken by the hub. */
  #broker: Held[] = [];
  readonly storedHeads: FrameHead[] = [];
  readonly hellos: Hello[] = [];
  incarnation = "one";
  reachable = true;
  answersHello = true;
  /** Why the broker refuses frames of this lane. */
  readonly refusals = new Map<RoadLane, string>();
  beats = 0;
  /** Sent beside frames, the newest: a beat, as long as nothing is ordered. */
  lastSent: object = {};
  /** Another gateway with this name has started later. */
  fences = false;
  /** The epoch of the gateway that was started last, as marks say it. */
  running: Epoch | undefined;
  watched: readonly TagId[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  connect(events: RoadEvents): Promise<RoadSession> {
    if (!this.reachable) return Promise.reject(new HubUnreachable("test"));
    this.#events = events;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#close = resolve;
    return Promise.resolve({
      publish: (lane, round, _subject, id, bytes) => {
        queueMicrotask(() => {
          this.#publish(lane, round, id, bytes);
        });
      },
      request: (subject, bytes) => this.#hello(subject, bytes),
      send: (_subject, bytes) => {
        this.beats++;
        this.lastSent = JSON.parse(new TextDecoder().decode(bytes)) as object;
      },
      closed: promise,
      close: () => {
        this.cut();
        return Promise.resolve();
      },
    });
  }

  cut(): void {
    this.#events = undefined;
    this.#close?.("cut");
  }

  /** The hub takes what the broker has, commits, and publishes its marks. */
  store(): void {
    for (const frame of this.#broker.splice(0)) this.#storeOne(frame);
    this.publishMarks();
  }

  /** A power cut of the broker: what it acknowledged is gone. */
  loseBroker(): void {
    this.#broker = [];
    this.#seenIds.clear();
  }

  /** The database comes back from a backup made when it held nothing. */
  restoreEmpty(): void {
    this.#lanes.clear();
    this.storedHeads.length = 0;
    this.incarnation = `${this.incarnation}+`;
  }

  publishMarks(): void {
    const message = {
      version: 1,
      incarnation: this.incarnation,
      marks: this.#marks(),
      ...(this.running === undefined ? {} : { running: this.running }),
      ...(this.watched.length === 0 ? {} : { watched: this.watched }),
    };
    this.#events?.mark(toJson(message));
  }

  stored(lane: RoadLane): FrameHead[] {
    return this.storedHeads.filter((head) => head.lane === lane);
  }

  #publish(lane: RoadLane, round: number, id: string, bytes: Uint8Array): void {
    const refusal = this.refusals.get(lane);
    if (refusal === undefined && !this.#seenIds.has(id)) {
      this.#seenIds.add(id);
      const parsed = parseFrame(bytes);
      if (parsed.kind === "frame") this.#broker.push(parsed);
    }
    this.#events?.acked(lane, round, refusal);
  }

  #storeOne(frame: Held): void {
    const key = `${frame.head.epoch}/${frame.head.lane}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { place: { seq: 0, chain: 0n }, held: [] };
      this.#lanes.set(key, lane);
    }
    lane.held.push(frame);
    for (;;) {
      const { seq, chain } = lane.place;
      const next = lane.held.find((one) => firstSeq(one) === seq + 1 && fitsChain(one, chain));
      if (next === undefined) break;
      this.storedHeads.push(next.head);
      lane.place = { seq: next.head.seq, chain: next.head.chain };
    }
    const { seq } = lane.place;
    lane.held = lane.held.filter((one) => one.head.seq > seq);
  }

  #marks(): LaneMark[] {
    return [...this.#lanes].map(([key, { place }]) => {
      const [epoch, lane] = key.split("/") as [LaneMark["epoch"], RoadLane];
      return { epoch, lane, storedSeq: place.seq, safeSeq: place.seq, chain: toHex(place.chain) };
    });
  }

  #hello(subject: string, bytes: Uint8Array): Promise<Uint8Array> {
    if (!this.answersHello) return Promise.reject(new Error(`no answer to ${subject}`));
    const hello = JSON.parse(new TextDecoder().decode(bytes)) as Hello;
    if (gatewayOfSubject(subject) !== hello.gateway) throw new Error("another gateway's subject");
    this.hellos.push(hello);
    // A gateway that knows more of us than we do: we were restored, and nobody told us (protocol 8.2).
    if (hello.incarnation === this.incarnation && this.#promisedMore(hello)) {
      this.incarnation = `${this.incarnation}+`;
    }
    const answer = {
      version: 1,
      session: this.hellos.length,
      incarnation: this.incarnation,
      hubNowUs: this.#clock.nowUs(),
      marks: this.#marks(),
      ...(this.fences ? { fenced: true } : {}),
    };
    return Promise.resolve(toJson(answer));
  }

  #promisedMore({ epochs }: Hello): boolean {
    return epochs.some(({ epoch, lanes }) =>
      lanes.some(
        ({ lane, storedSeq }) => storedSeq > (this.#lanes.get(`${epoch}/${lane}`)?.place.seq ?? 0),
      ),
    );
  }
}

interface Held {
  readonly head: FrameHead;
  readonly body: Uint8Array;
  readonly contentCrc: number;
}

function firstSeq({ head, body }: Held): number {
  if (head.content !== "void") return head.seq;
  const gap = decodeVoid(body);
  return "kind" in gap ? head.seq : gap.fromSeq;
}
