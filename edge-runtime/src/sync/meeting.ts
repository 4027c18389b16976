import { messageChain, type Backoff, type Clock, type Log } from "@millwright/kit";
import { subjects, type Epoch, type Hello, type LaneMark } from "@millwright/wire-contract";

import type { Outbox, OutboxLane } from "../hand-over.ts";
import { parseHelloAnswer, toJson, toPositions } from "./messages.ts";
import type { ReleaseRule } from "./release-rule.ts";
import type { RoadSession } from "./road.ts";
import type { Waker } from "./waker.ts";

/** How the gateway introduces itself. */
export type GatewayInfo = Omit<
  Hello,
  "version" | "incarnation" | "epochs" | "journal" | "before" | "nowUs"
>;

/** A hub under load answers a hello late; later than this it is asked again. */
const helloMs = 5_000;
/** Not more often than this a hello is said again, however many foreign marks come. */
const helloAgainMs = 5_000;
/**
 * Hellos in a row: one for a hub that is another one, one for an epoch that was begun because of its answer, and one more
 * for a hub that was restored in between. What is left then is met at the next mark.
 */
const hellosMax = 4;

/** How a hello ended: `again` when there is more to say, `another hub` when the one that answers is not the one before. */
type Said =
  { readonly kind: "again" | "another hub" | "unanswered" } | ({ readonly kind: "met" } & Met);

/** Where the lanes stood, and what the hub calls this connection. */
interface Met {
  readonly lanes: readonly OutboxLane[];
  readonly session: number;
}

/** Gateway and hub compare where they stand, and settle what does not agree (no-loss protocol 8.3). */
export class Meeting {
  readonly #options;
  #wanted = false;
  #saidMs = -Infinity;
  /** In which the last hello said that frames are sealed. */
  #runningEpoch: Epoch | undefined;
  /** Of another gateway with this name, as the hub last told; a hello settles who is the copy. */
  #otherRunning: Epoch | undefined;
  #fenced = false;

  constructor(options: {
    readonly outbox: Outbox;
    readonly gateway: GatewayInfo;
    readonly rule: ReleaseRule;
    /** Woken when a hello is to be said. */
    readonly waker: Waker;
    readonly clock: Clock;
    readonly log: Log;
  }) {
    this.#options = options;
  }

  /** A hello is to be said. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Another gateway has this name, as the hub told at the last hello. */
  get fenced(): boolean {
    return this.#fenced;
  }

  /** A connection has begun. */
  begin(): void {
    this.#wanted = true;
  }

  /** @returns whether it will be said: not too soon after the one before */
  want(): boolean {
    if (this.#options.clock.monotonicMs() - this.#saidMs < helloAgainMs) return false;
    this.#wanted = true;
    this.#options.waker.wake();
    return true;
  }

  /** The hub says in which epoch this gateway runs, as far as it knows. */
  heardRunning(running: Epoch | undefined): void {
    if (running === undefined || running === this.#runningEpoch) return;
    // Too soon after the last hello it is not said, and this is not forgotten: the hub repeats it.
    if (running !== this.#otherRunning && this.want()) this.#otherRunning = running;
  }

  /** Says hello until both sides have met. @returns undefined when they have not */
  async say(session: RoadSession, backoff: Backoff): Promise<Met | undefined> {
    let said: Said = { kind: "again" };
    for (let hellos = 0; hellos < hellosMax; hellos++) {
      said = await this.#sayOnce(session, backoff, said.kind === "another hub");
      if (said.kind === "met" || said.kind === "unanswered") break;
    }
    return said.kind === "met" ? said : undefined;
  }

  /**
   * @param isNew the hub has just said that it is another one: it has promised nothing yet. Told what the one before had
   *   stored, it would take itself for one that forgot, and become another one again, without end
   */
  async #sayOnce(session: RoadSession, backoff: Backoff, isNew: boolean): Promise<Said> {
    const { outbox, gateway, clock, log } = this.#options;
    const lanes = await outbox.lanes();
    const told = isNew ? lanes.map((lane) => ({ ...lane, storedSeq: 0 })) : lanes;
    const incarnation = outbox.incarnation();
    const before = outbox.endBefore();
    const hello: Hello = {
      version: 1,
      ...gateway,
      ...(incarnation === undefined ? {} : { incarnation }),
      epochs: toPositions(told),
      journal: outbox.birth(),
      ...(before === undefined ? {} : { before }),
      nowUs: clock.nowUs(),
    };
    this.#saidMs = clock.monotonicMs();
    let bytes: Uint8Array;
    try {
      bytes = await session.request(subjects.hello(gateway.gateway), toJson(hello), helloMs);
    } catch (failure) {
      if (backoff.tries === 0) log.warn("sync.hello-unanswered", { why: messageChain(failure) });
      return { kind: "unanswered" };
    }
    const answer = parseHelloAnswer(bytes);
    if ("kind" in answer) {
      log.error("sync.hello-answer-unreadable", { why: answer.reason });
      return { kind: "unanswered" };
    }
    if (answer.incarnation !== incarnation) {
      await outbox.agree(answer.incarnation);
      // Of a hub that is another one than before it is asked, too, what it has of epochs that are long released.
      if (incarnation !== undefined) return { kind: "another hub" };
    }
    if ((await this.#compare(lanes, answer.marks)) === "moved") return { kind: "again" };
    this.#runningEpoch = hello.epochs.at(-1)?.epoch;
    this.#fence(answer.fenced === true);
    this.#wanted = false;
    backoff.succeeded();
    return { kind: "met", lanes, session: answer.session };
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
   * Takes the marks of the hub. A lane that it does not name is new to it. `moved`: frames go to another epoch, which the
   * hub has to hear of.
   */
  async #compare(
    lanes: readonly OutboxLane[],
    marks: readonly LaneMark[],
  ): Promise<"met" | "moved"> {
    const { outbox, log, rule } = this.#options;
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
      const taken = rule({ kind: "mark", mark });
      if (taken === undefined || (await outbox.take(taken)) !== "foreign") continue;
      log.error("sync.journal-is-a-copy", { ...mark });
      await outbox.leave(mark);
      moved = "moved";
    }
    return moved;
  }
}
