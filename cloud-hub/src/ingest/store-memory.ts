/**
 * The store in memory, for simulations and tests on a played clock. It makes the same decisions as the one in
 * PostgreSQL (`prefix.ts`, `meet-gateway.ts`); one call is one transaction, because nothing runs in between.
 */
import type { Random } from "@millwright/kit";
import type {
  Beat,
  GatewayId,
  Hello,
  HelloAnswer,
  LaneMark,
  RoadLane,
} from "@millwright/wire-contract";

import type { StoredFrame } from "../hand-over.ts";
import { answeredMarks, headsBelowMarks } from "./answer-marks.ts";
import {
  IncarnationChanged,
  promisedMore,
  type FrameStore,
  type Intake,
  type Taken,
} from "./frame-store.ts";
import { meetGateway } from "./meet-gateway.ts";
import { holds, keepMeeting, readEpochs } from "./memory-hello.ts";
import { takeInto } from "./memory-intake.ts";
import { MemoryReader } from "./memory-reader.ts";
import { copyOf, marksOf, rowsOf, type GatewayRows, type KeptRow } from "./memory-rows.ts";

/** What was stored at one moment. */
export interface MemoryBackup {
  readonly gateways: ReadonlyMap<GatewayId, GatewayRows>;
  readonly quarantine: readonly KeptRow[];
}

export class MemoryStore extends MemoryReader implements FrameStore {
  readonly #random: Random;
  #incarnation: string;
  #told: string | undefined;

  constructor(random: Random) {
    super({ gateways: new Map(), quarantine: [], lastEvent: 0 });
    this.#random = random;
    this.#incarnation = newIncarnation(random);
  }

  /** As when the database is started again: what is committed stays, the incarnation is another. */
  restart(): void {
    this.#incarnation = newIncarnation(this.#random);
  }

  /** All that is stored, as it is now. */
  backUp(): MemoryBackup {
    const { gateways, quarantine } = this.rows;
    return { gateways: copyOf(gateways), quarantine: [...quarantine] };
  }

  /** As when a backup takes the place of what is stored; it may be restored several times. */
  restore(backup: MemoryBackup): void {
    const { gateways, quarantine } = this.rows;
    gateways.clear();
    for (const [gateway, rows] of copyOf(backup.gateways)) gateways.set(gateway, rows);
    quarantine.splice(0, quarantine.length, ...backup.quarantine);
    this.restart();
  }

  /** As it is, whether or not anybody has asked for it. */
  get current(): string {
    return this.#incarnation;
  }

  incarnation(): Promise<string> {
    this.#told = this.#incarnation;
    return Promise.resolve(this.#told);
  }

  isTheSame(): Promise<boolean> {
    return Promise.resolve(this.#told === undefined || this.#told === this.#incarnation);
  }

  takeIn(intake: Intake): Promise<Taken> {
    const was = this.#told;
    const is = this.#incarnation;
    if (was !== undefined && was !== is) return Promise.reject(new IncarnationChanged(was, is));
    return Promise.resolve(takeInto(this.rows, intake));
  }

  hello(hello: Hello, nowUs: number): Promise<HelloAnswer> {
    const rows = rowsOf(this.rows, hello.gateway);
    rows.session++;
    const stored = marksOf(rows);
    // It once held more than it does: it was put back to an older state without a restart that we would have seen.
    if (hello.incarnation === this.#incarnation && promisedMore(hello, stored)) this.restart();
    this.#told = this.#incarnation;
    const below = headsBelowMarks(hello, stored);
    const inPrefix = below.filter((asked) => holds(rows, asked));
    const putBack = new Set(below.map(({ epoch }) => epoch));
    const marks = answeredMarks(stored, inPrefix);
    const sameHub = hello.incarnation === this.#incarnation;
    const known = readEpochs(rows);
    const met = meetGateway(known, rows.running, hello, marks, putBack, sameHub, nowUs);
    keepMeeting(rows, hello, met);
    if (met.fenced) {
      rows.copyUs = nowUs;
    } else {
      rows.hello = hello;
      rows.helloUs = nowUs;
    }
    return Promise.resolve({
      version: 1,
      session: rows.session,
      incarnation: this.#incarnation,
      hubNowUs: nowUs,
      marks,
      ...(met.fenced ? { fenced: true } : {}),
      ...(met.running === undefined ? {} : { running: met.running }),
    });
  }

  marks(gateway: GatewayId): Promise<readonly LaneMark[]> {
    const rows = this.rows.gateways.get(gateway);
    return Promise.resolve(rows === undefined ? [] : marksOf(rows));
  }

  noteUndecodable(frame: StoredFrame, reason: string, nowUs: number): Promise<void> {
    const { gateway, epoch, lane, seq } = frame.head;
    const row = this.rows.gateways
      .get(gateway)
      ?.epochs.get(epoch)
      ?.lanes.get(lane as RoadLane);
    const stored = row?.frames.get(seq);
    if (stored !== undefined) stored.undecodable = true;
    const bytes = stored?.frame.bytes.length ?? 0;
    this.rows.quarantine.push({ kind: "kept", gateway, epoch, reason, receivedUs: nowUs, bytes });
    return Promise.resolve();
  }

  keepBeats(beats: ReadonlyMap<GatewayId, { beat: Beat; receivedUs: number }>): Promise<void> {
    for (const [gateway, { beat, receivedUs }] of beats) {
      const rows = rowsOf(this.rows, gateway);
      rows.beat = beat;
      rows.beatUs = receivedUs;
    }
    return Promise.resolve();
  }
}

function newIncarnation(random: Random): string {
  return Array.from({ length: 4 }, () =>
    random
      .int(2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  ).join("");
}
