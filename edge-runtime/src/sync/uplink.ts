import {
  aborted,
  Backoff,
  messageChain,
  type Clock,
  type Log,
  type Random,
  type Service,
} from "@millwright/kit";
import { subjects, type Beat, type HubLink, type RoadLane } from "@millwright/wire-contract";

import type { OrderBook, Outbox } from "../hand-over.ts";
import { Lanes } from "./lanes.ts";
import { LinkState, type Heard } from "./link-state.ts";
import { Meeting, type GatewayInfo } from "./meeting.ts";
import { parseMarks, toJson } from "./messages.ts";
import type { LinkLimits } from "./metered-link.ts";
import { OrderDesk, type OrderDeskOptions } from "./order-desk.ts";
import { releaseOnMark, type ReleaseRule } from "./release-rule.ts";
import type { Road, RoadSession } from "./road.ts";
import { Waker } from "./waker.ts";
import { Watermarks } from "./watermarks.ts";

/**
 * Carries frames to the hub and takes its marks. The hub may be away for as long as it likes: frames wait in the
 * journal, and the uplink tries again. What it holds in memory is only what is on the road (no-loss protocol 5 and 8).
 */
export interface UplinkOptions {
  readonly outbox: Outbox;
  readonly orders: OrderBook;
  /** What people at the hub acknowledge; said again until the hub has the answer. */
  readonly acknowledge?: NonNullable<OrderDeskOptions["acknowledge"]>;
  readonly deviceHistory?: NonNullable<OrderDeskOptions["deviceHistory"]>;
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

/** First and last wait between two tries to connect or to say hello; a hub that restarts is found within seconds. */
const tryFirstMs = 500;
const tryLastMs = 30_000;
const beatEveryMs = 1_000;

export interface LinkToHub extends Service {
  readonly link: HubLink;
  /** Samples of frames that the broker took, since the start. One that was sent again counts again. */
  readonly toldSamples: number;
}

export function createUplink(options: UplinkOptions): LinkToHub {
  return new Uplink(options);
}

class Uplink implements LinkToHub {
  readonly name = "uplink";
  readonly broken: Promise<never>;
  readonly #options: UplinkOptions;
  readonly #rule: ReleaseRule;
  readonly #ended = new AbortController();
  readonly #waker: Waker;
  readonly #lanes: Lanes;
  readonly #orders: OrderDesk;
  readonly #meeting: Meeting;
  readonly #marks: Watermarks;
  readonly #state: LinkState;
  readonly #breaks: (failure: unknown) => void;
  #session: RoadSession | undefined;
  #running: Promise<void> | undefined;
  /** Both sides have met on this connection. */
  #greeted = false;
  /** When the hub said something last. */
  #heard: Heard = { us: 0, monotonicMs: -Infinity };
  #toldSamples = 0;

  constructor(options: UplinkOptions) {
    const { outbox, gateway, clock, log } = options;
    const rule = options.releaseRule ?? releaseOnMark;
    const waker = new Waker(clock);
    this.#options = options;
    this.#rule = rule;
    this.#waker = waker;
    this.#lanes = new Lanes({ ...options, gateway: gateway.gateway, waker });
    this.#orders = new OrderDesk({ ...options, book: options.orders, gateway: gateway.gateway });
    this.#meeting = new Meeting({ outbox, gateway, rule, waker, clock, log });
    this.#marks = new Watermarks({
      ...{ outbox, clock, waker },
      disagree: () => {
        this.#meeting.want();
      },
    });
    this.#state = new LinkState({
      ...{ outbox, clock, log },
      greeted: () => this.#greeted,
      heard: () => this.#heard,
      fenced: () => this.#meeting.fenced,
    });
    const { promise, reject } = Promise.withResolvers<never>();
    // Whoever runs the service listens; until then a rejection is nobody's.
    promise.catch(() => undefined);
    this.broken = promise;
    this.#breaks = reject;
  }

  get link(): HubLink {
    return this.#state.link;
  }

  get toldSamples(): number {
    return this.#toldSamples;
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
              this.#hearHub();
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
      this.#lanes.end();
      this.#greeted = false;
      this.#orders.joined(undefined);
      outbox.linkUp(false);
      this.#state.observe();
      if (!this.#isEnded()) await clock.sleep(backoff.nextMs(), signal).catch(() => undefined);
    }
  }

  /** One connection, from hello to its end. */
  async #serve(session: RoadSession): Promise<void> {
    const { clock, random, log } = this.#options;
    this.#session = session;
    this.#meeting.begin();
    let closed: string | undefined;
    session.closed.then(
      (why) => {
        closed = why;
        this.#waker.wake();
      },
      () => undefined,
    );
    const isClosed = (): boolean => closed !== undefined || this.#isEnded();
    const backoff = new Backoff(tryFirstMs, tryLastMs, random.fork("hello"));
    while (!isClosed()) {
      if (this.#meeting.wanted && !(await this.#meet(session, backoff))) {
        await this.#waker.wait(backoff.nextMs(), isClosed);
        continue;
      }
      const sent = await this.#lanes.sendSome(session, await this.#marks.take(), isClosed);
      if (sent || this.#marks.waiting) continue;
      await this.#waker.wait(this.#lanes.dueInMs(clock.monotonicMs()), isClosed);
    }
    if (!this.#isEnded()) log.warn("sync.connection-ended", { why: closed });
  }

  /** Answers whether both sides have met. From then on frames, orders and marks go. */
  async #meet(session: RoadSession, backoff: Backoff): Promise<boolean> {
    const { outbox, clock, log } = this.#options;
    const met = await this.#meeting.say(session, backoff);
    if (met === undefined) return false;
    this.#marks.clear();
    this.#lanes.begin(met.lanes, clock.monotonicMs());
    this.#greeted = true;
    this.#hearHub();
    outbox.linkUp(true);
    this.#orders.joined((subject, message) => {
      session.send(subject, message);
    });
    log.info("sync.resumed", { session: met.session, waiting: outbox.waiting().frames });
    this.#state.observe();
    return true;
  }

  #hearHub(): void {
    const { clock } = this.#options;
    this.#heard = { us: clock.nowUs(), monotonicMs: clock.monotonicMs() };
  }

  #heardMarks(bytes: Uint8Array): void {
    const { outbox, log } = this.#options;
    const message = parseMarks(bytes);
    if ("kind" in message) {
      log.warn("sync.mark-unreadable", { why: message.reason });
      return;
    }
    this.#hearHub();
    if (!this.#greeted) return;
    if (message.incarnation !== outbox.incarnation()) {
      this.#meeting.want();
      return;
    }
    this.#meeting.heardRunning(message.running);
    for (const mark of message.marks) this.#marks.offer(this.#rule({ kind: "mark", mark }));
    if (message.watched !== undefined) outbox.watch(message.watched);
  }

  #acked(lane: RoadLane, round: number, refusal: string | undefined): void {
    const frame = this.#lanes.acked(lane, round, refusal);
    if (frame === undefined) return;
    this.#toldSamples += frame.sampleCount;
    this.#marks.offer(this.#rule({ kind: "acked", frame }));
  }

  async #beatOn(): Promise<void> {
    const signal = this.#ended.signal;
    while (!signal.aborted) {
      this.#sendBeat();
      this.#state.observe();
      await this.#options.clock.sleep(beatEveryMs, signal).catch(() => undefined);
    }
  }

  #sendBeat(): void {
    const { gateway, beat } = this.#options;
    const said: Beat = { ...beat(), ...(this.#meeting.fenced ? { fenced: true } : {}) };
    this.#session?.send(subjects.beat(gateway.gateway), toJson(said));
  }

  #isEnded(): boolean {
    return this.#ended.signal.aborted;
  }
}
