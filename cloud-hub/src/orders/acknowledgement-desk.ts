/**
 * Acknowledgements of people at the hub, on their way to the gateway that owns the alarm (ux-guide 5, "one truth for two
 * places"). They are kept, and repeated with the orders of the gateway until an event of the alarm answers them; nothing
 * counts as acknowledged before. What was asked once is not taken back: a second person may have relied on it.
 */
import { messageChain, type Clock, type Log, type Random, type Refused } from "@millwright/kit";
import {
  acknowledgementsMax,
  type AskedAcknowledgement,
  type GatewayId,
} from "@millwright/wire-contract";
import * as z from "zod";

import type { AcknowledgementBoard, AcknowledgementView } from "../order-views.ts";

/** An event of an alarm that may answer something. */
export interface FoundEvent {
  readonly atUs: number;
  readonly json: string;
}

/** Where they lie. */
export interface AcknowledgementShelf {
  add(asked: AcknowledgementView): Promise<void>;
  /** Those that wait for their answer, the oldest first. */
  open(): Promise<readonly AcknowledgementView[]>;
  /** The newest first. */
  list(gateway: string): Promise<readonly AcknowledgementView[]>;
  /** Events that may answer those that are open: of their alarms, and stored since they were asked. */
  answers(): Promise<readonly FoundEvent[]>;
  /** Only the first outcome stays. */
  end(id: number, outcome: "accepted" | "refused", reason: string, atUs: number): Promise<void>;
  /** Those that were answered and are older. */
  forget(beforeUs: number): Promise<void>;
}

export interface AcknowledgementDeskOptions {
  readonly shelf: AcknowledgementShelf;
  readonly isKnown: (gateway: string) => Promise<boolean>;
  /** Something is wanted of a gateway, now. */
  readonly tell: (gateway: GatewayId) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** For a person who wants to see what came of it; the alarm's own history keeps it for longer. */
const keptUs = 30 * 86_400_000_000;

export class AcknowledgementDesk implements AcknowledgementBoard {
  readonly #options: AcknowledgementDeskOptions;
  /** As of the last look. */
  #open: readonly AcknowledgementView[] = [];

  constructor(options: AcknowledgementDeskOptions) {
    this.#options = options;
  }

  async acknowledge(
    gateway: string,
    alarm: string,
    raisedUs: number,
    person: string,
  ): Promise<AcknowledgementView | Refused> {
    const { shelf, isKnown, tell, clock, random, log } = this.#options;
    if (!(await isKnown(gateway))) return refused("the hub has never heard of this gateway");
    const open = (await shelf.open()).filter((one) => one.gateway === gateway);
    const same = open.find(
      (one) => one.alarm === alarm && one.raisedUs === raisedUs && one.person === person,
    );
    if (same !== undefined) return same;
    if (open.length >= acknowledgementsMax) {
      return refused(`${acknowledgementsMax} acknowledgements wait for this gateway`);
    }
    const asked: AcknowledgementView = {
      id: 1 + Math.floor(random.next() * 2 ** 48),
      ...{ gateway: gateway as GatewayId, alarm, raisedUs, person },
      askedUs: clock.nowUs(),
      ...{ state: "waiting", reason: "" },
    };
    await shelf.add(asked);
    await shelf.forget(asked.askedUs - keptUs);
    log.info("orders.acknowledgement-asked", { id: asked.id, gateway, alarm });
    await this.look();
    tell(asked.gateway);
    return asked;
  }

  async list(gateway: string): Promise<readonly AcknowledgementView[]> {
    return await this.#options.shelf.list(gateway);
  }

  /** Looks for answers, and for what others have asked. */
  async look(): Promise<void> {
    const { shelf, log } = this.#options;
    try {
      this.#open = await shelf.open();
      if (this.#open.length === 0) return;
      const open = new Set(this.#open.map(({ id }) => id));
      for (const event of await shelf.answers()) {
        const answer = answerIn(event);
        if (answer === undefined || !open.has(answer.id)) continue;
        const { id, outcome, reason } = answer;
        await shelf.end(id, outcome, reason, event.atUs);
        open.delete(id);
        log.info("orders.acknowledgement-answered", { id, outcome });
      }
      this.#open = this.#open.filter(({ id }) => open.has(id));
    } catch (failure) {
      log.warn("orders.acknowledgements-not-read", { reason: messageChain(failure) });
    }
  }

  /** Gateways of which something is open. */
  gateways(): readonly GatewayId[] {
    return [...new Set(this.#open.map(({ gateway }) => gateway))];
  }

  /** What is asked of a gateway. */
  of(gateway: GatewayId): readonly AskedAcknowledgement[] {
    return this.#open
      .filter((one) => one.gateway === gateway)
      .slice(0, acknowledgementsMax)
      .map(({ id, alarm, raisedUs, person, askedUs }) => ({
        ...{ id, alarm, raisedUs, person },
        atUs: Math.round(askedUs),
      }));
  }
}

const answer = z.looseObject({
  transition: z.string(),
  asked: z.number(),
  reason: z.string().default(""),
});

function answerIn({
  json,
}: FoundEvent):
  | { readonly id: number; readonly outcome: "accepted" | "refused"; readonly reason: string }
  | undefined {
  const read = answer.safeParse(JSON.parse(json));
  if (!read.success) return undefined;
  const { transition, asked: id, reason } = read.data;
  if (transition === "acknowledged") return { id, outcome: "accepted", reason };
  return transition === "not-acknowledged" ? { id, outcome: "refused", reason } : undefined;
}

function refused(reason: string): Refused {
  return { kind: "refused", reason };
}
