import { Backoff, type Clock, type Log, type Random } from "@millwright/kit";
import { messageId, subjects, type GatewayId, type RoadLane } from "@millwright/wire-contract";

import type { Outbox, OutboxLane, SentFrame } from "../hand-over.ts";
import { CriticalFirst } from "./critical-first.ts";
import { ExplainedFirst } from "./explained-first.ts";
import { LaneRoad } from "./lane-road.ts";
import { hasTime, MeteredLink, type LinkLimits } from "./metered-link.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { RoadSession } from "./road.ts";
import type { Waker } from "./waker.ts";

/** First and last wait of a lane that the broker has refused. */
const tryFirstMs = 500;
const tryLastMs = 30_000;
/** The order in which lanes are served (no-loss protocol 5): nothing keeps critical frames waiting. */
const laneOrder: readonly RoadLane[] = ["critical", "live", "history", "capture"];

/** What of all lanes goes on the road next, and what waits for something else. */
export class Lanes {
  readonly #options;
  readonly #lanes: readonly LaneRoad[];
  readonly #criticalFirst = new CriticalFirst();
  readonly #explainedFirst = new ExplainedFirst();
  readonly #ahead: ReadAhead;
  readonly #link: MeteredLink;
  #round = 0;

  constructor(options: {
    readonly outbox: Outbox;
    readonly gateway: GatewayId;
    readonly link: LinkLimits;
    /** Woken when a lane that could not send may. */
    readonly waker: Waker;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
  }) {
    const { outbox, link, random } = options;
    this.#options = options;
    this.#link = new MeteredLink(link);
    this.#ahead = new ReadAhead(outbox);
    this.#lanes = laneOrder.map(
      (lane) => new LaneRoad(lane, new Backoff(tryFirstMs, tryLastMs, random.fork(lane))),
    );
  }

  /** A hello was answered: everything above the marks is sent, in a round of its own. */
  begin(positions: readonly OutboxLane[], nowMs: number): void {
    this.#round++;
    for (const lane of this.#lanes) lane.goBack(this.#round, nowMs);
    this.#criticalFirst.begin(positions, nowMs);
    this.#explainedFirst.begin();
  }

  /** The connection has ended. */
  end(): void {
    this.#ahead.drop();
  }

  /** Sends one piece of the first lane that has something; answers whether it did. */
  async sendSome(
    session: RoadSession,
    positions: readonly OutboxLane[],
    isClosed: () => boolean,
  ): Promise<boolean> {
    const { outbox, clock, log, gateway } = this.#options;
    for (const lane of this.#lanes) {
      const own = positions.filter((position) => position.lane === lane.lane);
      const nowMs = clock.monotonicMs();
      lane.stored(own, nowMs);
      if (lane.stalled(nowMs)) {
        log.warn("sync.went-back", { lane: lane.lane });
        lane.goBack(++this.#round, nowMs);
      } else if (lane.mayGoOn(nowMs)) {
        lane.goBack(++this.#round, nowMs);
      }
      const next = lane.next(own);
      // Captures go last: only while nothing else waits, also where it waits for its share or for its window.
      if (lane.lane === "capture" && this.#othersWait(positions)) continue;
      if (next === undefined || !this.#mayGo(lane.lane, positions, nowMs)) continue;
      const where = { lane: lane.lane, round: lane.round };
      const frames = await this.#ahead.take({ ...where, ...next });
      const following = this.#readsAhead(lane.lane) ? lane.following(own, frames) : undefined;
      if (following !== undefined) this.#ahead.ask({ ...where, ...following });
      const subject = subjects.frame(lane.lane, gateway);
      // A damaged frame becomes a void, and is claimed, when it is read.
      const since = frames.some(({ isVoid }) => isVoid === true) ? await outbox.lanes() : positions;
      for (const frame of frames) {
        if (isClosed() || !this.#mayGo(lane.lane, positions, nowMs)) break;
        if (!this.#explainedFirst.mayGo(frame, since, nowMs)) break;
        if (!lane.sending(frame, nowMs)) break;
        this.#link.spend(frame, nowMs);
        const id = messageId(gateway, frame.epoch, frame.lane, frame.seq, lane.round);
        session.publish(lane.lane, lane.round, subject, id, frame.bytes);
      }
      if (frames.length > 0) return true;
    }
    return false;
  }

  /**
   * The broker has answered for the oldest frame of a lane that it had not answered for.
   *
   * @param refusal why it did not take it; undefined when it did
   * @returns the frame, when it was taken in this round
   */
  acked(laneName: RoadLane, round: number, refusal: string | undefined): SentFrame | undefined {
    const { clock, log, waker } = this.#options;
    const lane = this.#lanes.find((one) => one.lane === laneName);
    if (lane === undefined) return undefined;
    if (lane.full || refusal !== undefined) waker.wake();
    if (refusal !== undefined) {
      if (lane.refusedBy(round, clock.monotonicMs())) {
        log.warn("sync.lane-refused", { lane: laneName, why: refusal });
      }
      return undefined;
    }
    const again = lane.refused;
    const frame = lane.acked(round);
    if (again !== lane.refused) log.info("sync.lane-goes-on", { lane: laneName });
    return frame;
  }

  /** Milliseconds until something is to be looked at again; Infinity when only news can change anything. */
  dueInMs(nowMs: number): number {
    return Math.min(
      ...this.#lanes.map((lane) => lane.dueInMs(nowMs)),
      this.#link.dueInMs(nowMs),
      this.#criticalFirst.dueInMs(nowMs),
      this.#explainedFirst.dueInMs(nowMs),
    );
  }

  /** Where a large backlog drains. On a metered link a piece is seldom sent whole, and would be read for nothing. */
  #readsAhead(lane: RoadLane): boolean {
    return lane === "history" && !this.#link.isMetered;
  }

  #othersWait(positions: readonly OutboxLane[]): boolean {
    return this.#lanes.some(
      (other) =>
        other.lane !== "capture" &&
        other.hasUnsent(positions.filter(({ lane }) => lane === other.lane)),
    );
  }

  #mayGo(lane: RoadLane, positions: readonly OutboxLane[], nowMs: number): boolean {
    if (!this.#link.mayGo(lane, nowMs)) return false;
    const verdicts = [
      this.#explainedFirst.judge(lane, positions, nowMs),
      hasTime(lane) ? this.#criticalFirst.judge(positions, nowMs) : "go on",
    ];
    if (verdicts.includes("given up")) this.#options.log.error("sync.critical-stands", { lane });
    return !verdicts.includes("wait");
  }
}
