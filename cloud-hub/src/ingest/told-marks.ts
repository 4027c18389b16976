import { messageChain, type Clock, type Log } from "@millwright/kit";
import type { Epoch, GatewayId, HelloAnswer, LaneMark, TagId } from "@millwright/wire-contract";

import type { FrameStore, Taken } from "./frame-store.ts";
import type { Inbox } from "./inbox.ts";
import { keepNewer, laneKey } from "./newer-mark.ts";

/**
 * The gateways that live, and what they are told of their marks: each as it moves, and all of them again and again, because a
 * message that is lost and a hub that has taken over are healed by repeating. All marks are of one incarnation of the database.
 */

/** Says how far gateways may delete (no-loss protocol 6.6). */
export interface SafeSource {
  lower(gateway: GatewayId, mark: LaneMark): LaneMark;
  /** The database is another one than before, and may hold less. */
  reload(): Promise<void>;
}

export interface ToldMarksOptions {
  readonly inbox: Pick<Inbox, "publishMarks">;
  readonly store: Pick<FrameStore, "marks">;
  readonly clock: Clock;
  readonly log: Log;
  /** Tags of the gateway that somebody is looking at now: said with the marks. */
  watched(gateway: GatewayId): readonly TagId[];
  /** What of a mark is safe. Left out, all that is stored. */
  readonly safe?: SafeSource;
}

/** Marks are repeated to gateways that were heard within this time; a longer silence ends with a hello anyway. */
const liveForMs = 30_000;
/** Lanes of the newest epochs of a gateway, without knowing which of them it still holds; a hello asks for the others. */
const marksRecalledMax = 400;

interface LiveGateway {
  heardMs: number;
  /** What the last hello named: marks of epochs that the gateway no longer holds would only fill the message. */
  epochs: ReadonlySet<Epoch>;
  marks: Map<string, LaneMark>;
  /** Which of the gateways with this name was started last, in which epoch. */
  running?: Epoch;
}

export class ToldMarks {
  readonly #options: ToldMarksOptions;
  readonly #gateways = new Map<GatewayId, LiveGateway>();
  #incarnation = "";

  constructor(options: ToldMarksOptions) {
    this.#options = options;
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  /** The database is another one: what was told of the one before may be more than this one holds. */
  begin(incarnation: string): void {
    this.#incarnation = incarnation;
    for (const live of this.#gateways.values()) live.marks.clear();
  }

  /** Marks that have moved. */
  tell(marks: Taken["marks"]): void {
    const moved = new Map<GatewayId, LaneMark[]>();
    for (const { gateway, mark } of marks) {
      const live = this.#gateways.get(gateway);
      const newest = live === undefined ? mark : keepNewer(live.marks, mark);
      moved.set(gateway, [...(moved.get(gateway) ?? []), newest]);
    }
    for (const [gateway, newest] of moved) {
      this.#options.inbox.publishMarks(gateway, {
        version: 1,
        incarnation: this.#incarnation,
        marks: this.#lowered(gateway, newest),
      });
    }
  }

  /** All marks, to each gateway that lives. */
  repeat(): void {
    const { clock, inbox } = this.#options;
    for (const [gateway, live] of this.#gateways) {
      if (clock.monotonicMs() - live.heardMs > liveForMs) {
        this.#gateways.delete(gateway);
        continue;
      }
      // Also without marks: the incarnation alone tells a gateway that it has to say hello.
      const watched = this.#options.watched(gateway);
      inbox.publishMarks(gateway, {
        version: 1,
        incarnation: this.#incarnation,
        marks: this.#lowered(gateway, [...live.marks.values()]),
        ...(live.running === undefined ? {} : { running: live.running }),
        ...(watched.length === 0 ? {} : { watched }),
      });
    }
  }

  /** A beat has come of it. */
  heard(gateway: GatewayId): void {
    const live = this.#gateways.get(gateway);
    if (live !== undefined) live.heardMs = this.#options.clock.monotonicMs();
    // A gateway that was connected before this hub began is heard before its hello, and may wait for a mark that the hub
    // before could not tell any more.
    else void this.#recall(gateway);
  }

  /**
   * A gateway that this hub meets now is sending already: a mark that moves while it is answered is kept beside the answer.
   * Lost, it would never be told again, because what the gateway sends once more is stored and moves no mark.
   *
   * @param ask gets the answer to its hello
   */
  async meet(gateway: GatewayId, ask: () => Promise<HelloAnswer>): Promise<HelloAnswer> {
    if (this.#gateways.has(gateway)) return await ask();
    const met = this.#newcomer();
    this.#gateways.set(gateway, met);
    try {
      return await ask();
    } catch (failure) {
      // The next beat or hello asks again.
      if (this.#gateways.get(gateway) === met) this.#gateways.delete(gateway);
      throw failure;
    }
  }

  /**
   * Its hello is answered: from now on it is told the marks of the epochs that it holds.
   *
   * @param sameHub it is of the database whose marks were told until it came
   * @returns the marks that the answer says
   */
  answered(
    gateway: GatewayId,
    epochs: ReadonlySet<Epoch>,
    answer: HelloAnswer,
    sameHub: boolean,
  ): readonly LaneMark[] {
    const marks = answer.marks.filter((mark) => epochs.has(mark.epoch));
    const { running } = answer;
    const before = this.#gateways.get(gateway);
    const own = new Map(marks.map((mark) => [laneKey(mark), mark]));
    // What was stored while the answer was on its way is not in it.
    for (const mark of sameHub ? (before?.marks.values() ?? []) : []) {
      if (epochs.has(mark.epoch)) keepNewer(own, mark);
    }
    // Of two gateways with one name both are told their marks.
    const other = before?.running !== undefined && !epochs.has(before.running) ? before : undefined;
    this.#gateways.set(gateway, {
      heardMs: this.#options.clock.monotonicMs(),
      epochs: new Set([...(other?.epochs ?? []), ...epochs]),
      marks: new Map([...(other?.marks ?? []), ...own]),
      ...(running === undefined ? {} : { running }),
    });
    return this.#lowered(gateway, marks);
  }

  /** The marks of a gateway that lives and has said hello to the hub before this one. */
  async #recall(gateway: GatewayId): Promise<void> {
    const { store, log } = this.#options;
    const live = this.#newcomer();
    this.#gateways.set(gateway, live);
    try {
      const marks = (await store.marks(gateway)).slice(-marksRecalledMax);
      live.epochs = new Set(marks.map(({ epoch }) => epoch));
      for (const mark of marks) {
        // What has moved meanwhile was told already.
        keepNewer(live.marks, mark);
      }
    } catch (failure) {
      // The next beat asks again.
      log.warn("ingest.marks-not-read", { gateway, reason: messageChain(failure) });
      if (this.#gateways.get(gateway) === live) this.#gateways.delete(gateway);
    }
  }

  #newcomer(): LiveGateway {
    return {
      heardMs: this.#options.clock.monotonicMs(),
      epochs: new Set(),
      marks: new Map(),
    };
  }

  /** Marks are kept as stored and lowered as they go out: a new backup raises those that stand. */
  #lowered(gateway: GatewayId, marks: readonly LaneMark[]): readonly LaneMark[] {
    const { safe } = this.#options;
    return safe === undefined ? marks : marks.map((mark) => safe.lower(gateway, mark));
  }
}
