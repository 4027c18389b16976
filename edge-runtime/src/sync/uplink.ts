import {
  aborted,
  Backoff,
  messageChain,
  type Clock,
  type Log,
  type Random,
  type Service,
} from "@millwright/kit";
import {
  messageId,
  subjects,
  type Beat,
  type Epoch,
  type Hello,
  type HubLink,
  type LaneMark,
  type RoadLane,
} from "@millwright/wire-contract";

import type { OrderBook, Outbox, OutboxFrame, OutboxLane } from "../hand-over.ts";
import { Allowance } from "./allowance.ts";
import { CriticalFirst } from "./critical-first.ts";
import { ExplainedFirst } from "./explained-first.ts";
import { LaneRoad } from "./lane-road.ts";
import { parseHelloAnswer, parseMarks, toJson, toPositions } from "./messages.ts";
import { OrderDesk, type OrderDeskOptions } from "./order-desk.ts";
import { ReadAhead } from "./read-ahead.ts";
import { releaseOnMark, type ReleaseRule } from "./release-rule.ts";
import type { Road, RoadSession } from "./road.ts";
import { Waker } from "./waker.ts";

/**
 * Carries frames to the hub and takes its marks. The hub may be away for as long as it likes: frames wait in the
 * journal, and the uplink tries again. What it holds in memory is only what is on the road (no-loss protocol 5 and 8).
 */
export interface UplinkOptions {
  readonly outbox: Outbox;
  readonly orders: OrderBook;
  /** What people at the hub acknowledge; said again until the hub has the answer. */
  readonly acknowledge?: NonNullable<OrderDeskOptions["acknowledge"]>;
  readonly road: Road;
  readonly gateway: GatewayInfo;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Asked once a second. */
  readonly beat: () => Beat;
  readonly releaseRule?: ReleaseRule;
  readonly link: LinkLimits;
}

/** What the way to the hub may carry. */
export interface LinkLimits {
  /** Infinity where the link is not metered. */
  readonly bytesPerSMax: number;
  /** Part of it, 0 to 1, that history and captures may take, so that the rest is there when something happens. */
  readonly historyShare: number;
}

/** How the gateway introduces itself. */
export type GatewayInfo = Omit<Hello, "version" | "incarnation" | "epochs" | "journal" | "nowUs">;

/** First and last wait between two tries to connect or to say hello; a hub that restarts is found within seconds. */
const tryFirstMs = 500;
const tryLastMs = 30_000;
/** A hub under load answers a hello late; later than this it is asked again. */
const helloMs = 5_000;
const beatEveryMs = 1_000;
/** Not more often than this a hello is said again, however many foreign marks come. */
const helloAgainMs = 5_000;
/** A mark that stays below what was stored for so long: say hello again (no-loss protocol 6). */
const markBelowMs = 30_000;
/** Older than this the oldest waiting frame makes the link "behind" (wire contract, `Presence`). */
const behindMs = 10_000;
/** Subject, message id, reply, ack and TCP of one frame, about; what a metered link is billed for besides. */
const perFrameBytes = 250;
/**
 * Hellos in a row: one for a hub that is another one, one for an epoch that was begun because of its answer, and one more
 * for a hub that was restored in between. What is left then is met at the next mark.
 */
const hellosMax = 4;
/** The order in which lanes are served (no-loss protocol 5): nothing keeps critical frames waiting. */
const laneOrder: readonly RoadLane[] = ["critical", "live", "history", "capture"];

function hasTime(lane: RoadLane): boolean {
  return lane === "history" || lane === "capture";
}

/** How a hello ended: `again` when there is more to say, `another hub` when the one that answers is not the one before. */
type Met = "met" | "again" | "another hub" | "unanswered";

export function createUplink(options: UplinkOptions): Service & { readonly link: HubLink } {
  return new Uplink(options);
}

class Uplink implements Service {
  readonly name = "uplink";
  readonly broken: Promise<never>;
  readonly #options: UplinkOptions;
  readonly #rule: ReleaseRule;
  readonly #ended = new AbortController();
  readonly #waker: Waker;
  readonly #lanes: readonly LaneRoad[];
  readonly #orders: OrderDesk;
  readonly #criticalFirst = new CriticalFirst();
  readonly #explainedFirst = new ExplainedFirst();
  readonly #ahead: ReadAhead;
  /** Of the link, and of what the lanes that have time may take of it. */
  readonly #allowance: Allowance;
  readonly #share: Allowance;
  /** What is left of it for lanes that cannot wait, while a large frame of history is still being paid for. */
  readonly #reserve: Allowance;
  readonly #marks = new Map<string, LaneMark>();
  readonly #belowSinceMs = new Map<string, number>();
  readonly #breaks: (failure: unknown) => void;
  #session: RoadSession | undefined;
  #running: Promise<void> | undefined;
  #greeted = false;
  /** In which the last hello said that frames are sealed. */
  #runningEpoch: Epoch | undefined;
  /** Of another gateway with this name, as the hub last told; a hello settles who is the copy. */
  #otherRunning: Epoch | undefined;
  #fenced = false;
  #helloWanted = false;
  #helloSaidMs = -Infinity;
  #round = 0;
  #state: HubLink["state"] = "unreachable";
  #sinceUs: number;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#rule = options.releaseRule ?? releaseOnMark;
    this.#waker = new Waker(options.clock);
    this.#ahead = new ReadAhead(options.outbox);
    this.#lanes = laneOrder.map(
      (lane) => new LaneRoad(lane, new Backoff(tryFirstMs, tryLastMs, options.random.fork(lane))),
    );
    this.#orders = new OrderDesk({
      ...options,
      book: options.orders,
      gateway: options.gateway.gateway,
    });
    const { bytesPerSMax, historyShare } = options.link;
    this.#allowance = new Allowance(bytesPerSMax);
    this.#share = new Allowance(bytesPerSMax * historyShare);
    this.#reserve = new Allowance(
      bytesPerSMax === Infinity ? Infinity : bytesPerSMax * (1 - historyShare),
    );
    this.#sinceUs = options.clock.nowUs();
    const { promise, reject } = Promise.withResolvers<never>();
    // Whoever runs the service listens; until then a rejection is nobody's.
    promise.catch(() => undefined);
    this.broken = promise;
    this.#breaks = reject;
  }

  get link(): HubLink {
    this.#observe();
    const waiting = this.#options.outbox.waiting();
    return {
      state: this.#state,
      sinceUs: this.#sinceUs,
      waitingFrames: waiting.frames,
      waitingSamples: waiting.samples,
      behindMs: this.#behindMs(),
      ...(this.#fenced ? { fenced: true } : {}),
    };
  }

  /** Resolves at once: a gateway runs with the hub away. */
  start(): Promise<void> {
    const unlisten = this.#options.outbox.onSealed(() => {
      this.#waker.wake();
    });
    const work = Promise.all([
      this.#stayConnected(),
      this.#beatOn(),
      this.#orders.run(this.#ended.signal),
    ]);
    this.#running = work
      .catch((failure: unknown) => {
        if (!this.#ended.signal.aborted) this.#breaks(failure);
      })
      .then(unlisten);
    return Promise.resolve();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#ended.abort();
    this.#waker.wake();
    this.#orders.joined(undefined);
    const session = this.#session;
    this.#sendBeat();
    const work = Promise.all([this.#running, session?.close().catch(() => undefined)]);
    await Promise.race([work, aborted(deadline)]);
  }

  async #stayConnected(): Promise<void> {
    const { clock, random, road, log, outbox } = this.#options;
    const signal = this.#ended.signal;
    const backoff = new Backoff(tryFirstMs, tryLastMs, random.fork("connect"));
    while (!signal.aborted) {
      try {
        const session = await road.connect(
          {
            acked: (lane, round, refusal) => this.#acked(lane, round, refusal),
            mark: (bytes) => this.#heardMarks(bytes),
            orders: (bytes) => {
              if (this.#greeted) this.#orders.heard(bytes);
            },
          },
          signal,
        );
        backoff.succeeded();
        await this.#serve(session);
      } catch (failure) {
        if (backoff.tries === 0) log.warn("sync.hub-away", { why: messageChain(failure) });
      }
      this.#session = undefined;
      this.#ahead.drop();
      this.#greeted = false;
      this.#orders.joined(undefined);
      outbox.linkUp(false);
      this.#observe();
      if (!this.#isEnded()) await clock.sleep(backoff.nextMs(), signal).catch(() => undefined);
    }
  }

  /** One connection, from hello to its end. */
  async #serve(session: RoadSession): Promise<void> {
    this.#session = session;
    this.#helloWanted = true;
    let closed: string | undefined;
    session.closed.then(
      (why) => {
        closed = why;
        this.#waker.wake();
      },
      () => undefined,
    );
    const isClosed = (): boolean => closed !== undefined || this.#isEnded();
    const backoff = new Backoff(tryFirstMs, tryLastMs, this.#options.random.fork("hello"));
    while (!isClosed()) {
      if (this.#wantsHello() && !(await this.#sayHello(session, backoff))) {
        await this.#waker.wait(backoff.nextMs(), isClosed);
        continue;
      }
      const sent = await this.#sendSome(session, await this.#takeMarks(), isClosed);
      if (!sent && this.#marks.size === 0) await this.#waker.wait(this.#dueInMs(), isClosed);
    }
    if (!this.#isEnded()) this.#options.log.warn("sync.connection-ended", { why: closed });
  }

  /** Says hello until both sides have met; answers whether they have. */
  async #sayHello(session: RoadSession, backoff: Backoff): Promise<boolean> {
    let met: Met = "again";
    for (let hellos = 0; hellos < hellosMax; hellos++) {
      met = await this.#sayHelloOnce(session, backoff, met === "another hub");
      if (met === "met" || met === "unanswered") break;
    }
    return met === "met";
  }

  /**
   * @param isNew the hub has just said that it is another one: it has promised nothing yet. Told what the one before had
   *   stored, it would take itself for one that forgot, and become another one again, without end
   */
  async #sayHelloOnce(session: RoadSession, backoff: Backoff, isNew: boolean): Promise<Met> {
    const { outbox, gateway, clock, log } = this.#options;
    const lanes = await outbox.lanes();
    const told = isNew ? lanes.map((lane) => ({ ...lane, storedSeq: 0 })) : lanes;
    const incarnation = outbox.incarnation();
    const hello: Hello = {
      version: 1,
      ...gateway,
      ...(incarnation === undefined ? {} : { incarnation }),
      epochs: toPositions(told),
      journal: outbox.birth(),
      nowUs: clock.nowUs(),
    };
    this.#helloSaidMs = clock.monotonicMs();
    let bytes: Uint8Array;
    try {
      bytes = await session.request(subjects.hello(gateway.gateway), toJson(hello), helloMs);
    } catch (failure) {
      if (backoff.tries === 0) log.warn("sync.hello-unanswered", { why: messageChain(failure) });
      return "unanswered";
    }
    const answer = parseHelloAnswer(bytes);
    if ("kind" in answer) {
      log.error("sync.hello-answer-unreadable", { why: answer.reason });
      return "unanswered";
    }
    if (answer.incarnation !== incarnation) {
      await outbox.agree(answer.incarnation);
      // Of a hub that is another one than before it is asked, too, what it has of epochs that are long released.
      if (incarnation !== undefined) return "another hub";
    }
    if ((await this.#meet(lanes, answer.marks)) === "moved") return "again";
    this.#runningEpoch = hello.epochs.at(-1)?.epoch;
    this.#fence(answer.fenced === true);
    this.#marks.clear();
    this.#belowSinceMs.clear();
    const nowMs = clock.monotonicMs();
    this.#round++;
    for (const lane of this.#lanes) lane.goBack(this.#round, nowMs);
    this.#criticalFirst.begin(lanes, nowMs);
    this.#explainedFirst.begin();
    this.#helloWanted = false;
    this.#greeted = true;
    backoff.succeeded();
    outbox.linkUp(true);
    this.#orders.joined((subject, message) => {
      session.send(subject, message);
    });
    log.info("sync.resumed", { session: answer.session, waiting: outbox.waiting().frames });
    this.#observe();
    return "met";
  }

  /** What is made here is sent and stored all the same; a person has to stop one of the two. */
  #fence(fenced: boolean): void {
    if (fenced === this.#fenced) return;
    this.#fenced = fenced;
    const { gateway } = this.#options.gateway;
    if (fenced) this.#options.log.error("sync.another-has-this-name", { gateway });
    else this.#options.log.info("sync.name-is-ours", { gateway });
  }

  /**
   * Both sides compare where they stand (protocol 8.3). A lane that the hub does not name is new to it. `moved`: frames go
   * to another epoch, which the hub has to hear of.
   */
  async #meet(lanes: readonly OutboxLane[], marks: readonly LaneMark[]): Promise<"met" | "moved"> {
    const { outbox, log } = this.#options;
    let moved: "met" | "moved" = "met";
    for (const { epoch, lane, baseSeq } of lanes) {
      const mark = marks.find((one) => one.epoch === epoch && one.lane === lane) ?? {
        epoch,
        lane,
        storedSeq: 0,
        safeSeq: 0,
        chain: "0".repeat(16),
      };
      if (mark.storedSeq < baseSeq) {
        if (await outbox.rewind(mark)) log.warn("sync.hub-restored", { ...mark, baseSeq });
        continue;
      }
      const taken = this.#rule({ kind: "mark", mark });
      if (taken === undefined || (await outbox.take(taken)) !== "foreign") continue;
      log.error("sync.journal-is-a-copy", { ...mark });
      await outbox.leave(mark);
      moved = "moved";
    }
    return moved;
  }

  #heardMarks(bytes: Uint8Array): void {
    const message = parseMarks(bytes);
    if ("kind" in message) {
      this.#options.log.warn("sync.mark-unreadable", { why: message.reason });
      return;
    }
    if (!this.#greeted) return;
    if (message.incarnation !== this.#options.outbox.incarnation()) {
      this.#wantHello();
      return;
    }
    const { running } = message;
    const isOther = running !== undefined && running !== this.#runningEpoch;
    // Too soon after the last hello it is not said, and this is not forgotten: the hub repeats it.
    if (isOther && running !== this.#otherRunning && this.#wantHello()) {
      this.#otherRunning = running;
    }
    for (const mark of message.marks) this.#offer(this.#rule({ kind: "mark", mark }));
    if (message.watched !== undefined) this.#options.outbox.watch(message.watched);
  }

  #acked(laneName: RoadLane, round: number, refusal: string | undefined): void {
    const { clock, log } = this.#options;
    const lane = this.#lanes.find((one) => one.lane === laneName);
    if (lane === undefined) return;
    if (lane.full || refusal !== undefined) this.#waker.wake();
    if (refusal === undefined) {
      const again = lane.refused;
      const frame = lane.acked(round);
      if (again !== lane.refused) log.info("sync.lane-goes-on", { lane: laneName });
      if (frame !== undefined) this.#offer(this.#rule({ kind: "acked", frame }));
    } else if (lane.refusedBy(round, clock.monotonicMs())) {
      log.warn("sync.lane-refused", { lane: laneName, why: refusal });
    }
  }

  /** Kept until it is taken; a newer mark of the lane replaces an older one, so there are no more than lanes. */
  #offer(mark: LaneMark | undefined): void {
    if (mark === undefined) return;
    this.#marks.set(`${mark.epoch}/${mark.lane}`, mark);
    this.#waker.wake();
  }

  /**
   * Answers where the lanes stand then. All is asked at once: each question by itself would wait for its answer from the
   * journal's thread, and a lane that drains waits for nothing else.
   */
  async #takeMarks(): Promise<readonly OutboxLane[]> {
    const { outbox, clock } = this.#options;
    const marks = [...this.#marks];
    this.#marks.clear();
    const [verdicts, lanes] = await Promise.all([
      Promise.all(marks.map(([, mark]) => outbox.take(mark))),
      outbox.lanes(),
    ]);
    const nowMs = clock.monotonicMs();
    // Another journal has gone on in this epoch: the hello settles it.
    if (verdicts.includes("foreign")) this.#wantHello();
    for (const [key, mark] of marks) {
      const held = lanes.find(({ epoch, lane }) => epoch === mark.epoch && lane === mark.lane);
      if (held === undefined || mark.storedSeq >= held.storedSeq) {
        this.#belowSinceMs.delete(key);
        continue;
      }
      const sinceMs = this.#belowSinceMs.get(key) ?? nowMs;
      this.#belowSinceMs.set(key, sinceMs);
      if (nowMs - sinceMs >= markBelowMs) this.#wantHello();
    }
    return lanes;
  }

  /** @returns whether it will be said: not too soon after the one before */
  #wantHello(): boolean {
    if (this.#options.clock.monotonicMs() - this.#helloSaidMs < helloAgainMs) return false;
    this.#helloWanted = true;
    this.#waker.wake();
    return true;
  }

  /** Sends one piece of the first lane that has something; answers whether it did. */
  async #sendSome(
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
      const subject = subjects.frame(lane.lane, gateway.gateway);
      // A damaged frame becomes a void, and is claimed, when it is read.
      const since = frames.some(({ isVoid }) => isVoid === true) ? await outbox.lanes() : positions;
      for (const frame of frames) {
        if (isClosed() || !this.#mayGo(lane.lane, positions, nowMs)) break;
        if (!this.#explainedFirst.mayGo(frame, since, nowMs)) break;
        if (!lane.sending(frame, nowMs)) break;
        this.#spend(frame, nowMs);
        const id = messageId(gateway.gateway, frame.epoch, frame.lane, frame.seq, lane.round);
        session.publish(lane.lane, lane.round, subject, id, frame.bytes);
      }
      if (frames.length > 0) return true;
    }
    return false;
  }

  /** Where a large backlog drains. On a metered link a piece is seldom sent whole, and would be read for nothing. */
  #readsAhead(lane: RoadLane): boolean {
    return lane === "history" && this.#options.link.bytesPerSMax === Infinity;
  }

  #othersWait(positions: readonly OutboxLane[]): boolean {
    return this.#lanes.some(
      (other) =>
        other.lane !== "capture" &&
        other.hasUnsent(positions.filter(({ lane }) => lane === other.lane)),
    );
  }

  #mayGo(lane: RoadLane, positions: readonly OutboxLane[], nowMs: number): boolean {
    const inDebt = this.#allowance.dueInMs(nowMs) > 0;
    if (inDebt && (hasTime(lane) || this.#reserve.dueInMs(nowMs) > 0)) return false;
    if (hasTime(lane) && this.#share.dueInMs(nowMs) > 0) return false;
    const verdicts = [
      this.#explainedFirst.judge(lane, positions, nowMs),
      hasTime(lane) ? this.#criticalFirst.judge(positions, nowMs) : "go on",
    ];
    if (verdicts.includes("given up")) this.#options.log.error("sync.critical-stands", { lane });
    return !verdicts.includes("wait");
  }

  #spend(frame: OutboxFrame, nowMs: number): void {
    const bytes = frame.bytes.length + perFrameBytes;
    this.#allowance.spend(bytes, nowMs);
    (hasTime(frame.lane) ? this.#share : this.#reserve).spend(bytes, nowMs);
  }

  #dueInMs(): number {
    const nowMs = this.#options.clock.monotonicMs();
    const rests = [this.#allowance, this.#share, this.#reserve].map((one) => one.dueInMs(nowMs));
    return Math.min(
      ...this.#lanes.map((lane) => lane.dueInMs(nowMs)),
      ...rests.filter((restMs) => restMs > 0),
      this.#criticalFirst.dueInMs(nowMs),
      this.#explainedFirst.dueInMs(nowMs),
    );
  }

  async #beatOn(): Promise<void> {
    const signal = this.#ended.signal;
    while (!signal.aborted) {
      this.#sendBeat();
      this.#observe();
      await this.#options.clock.sleep(beatEveryMs, signal).catch(() => undefined);
    }
  }

  #sendBeat(): void {
    const { gateway, beat } = this.#options;
    const said: Beat = { ...beat(), ...(this.#fenced ? { fenced: true } : {}) };
    this.#session?.send(subjects.beat(gateway.gateway), toJson(said));
  }

  #behindMs(): number {
    const { oldestSealedUs } = this.#options.outbox.waiting();
    if (oldestSealedUs === 0) return 0;
    return Math.max(0, (this.#options.clock.nowUs() - oldestSealedUs) / 1_000);
  }

  #observe(): void {
    const state = this.#stateNow();
    if (state === this.#state) return;
    const nowUs = this.#options.clock.nowUs();
    this.#options.log.info("sync.link", {
      state,
      was: this.#state,
      afterMs: (nowUs - this.#sinceUs) / 1_000,
    });
    this.#state = state;
    this.#sinceUs = nowUs;
  }

  #stateNow(): HubLink["state"] {
    if (!this.#greeted) return "unreachable";
    return this.#behindMs() > behindMs ? "behind" : "in sync";
  }

  #wantsHello(): boolean {
    return this.#helloWanted;
  }

  #isEnded(): boolean {
    return this.#ended.signal.aborted;
  }
}
