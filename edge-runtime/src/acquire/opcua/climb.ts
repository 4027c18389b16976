import type { Log } from "@millwright/kit";

import type { Channel } from "./channel.ts";
import { ServiceFailure } from "./faults.ts";
import { firstRung, ladder, meansGone, type Rung, type RungOutcome } from "./ladder.ts";
import type { Library } from "./library.ts";
import type { MetServer } from "./meet-server.ts";
import { createSubscription, deleteSubscription, type Subscription } from "./monitoring.ts";
import { republish } from "./publisher.ts";
import type { Resume } from "./resume.ts";
import { namespacesMark, readServerFacts, type ServerFacts } from "./server-facts.ts";
import { activateSession, createSession, type Session } from "./session.ts";
import type { OpcuaSettings } from "./settings.ts";
import { nextSeq } from "./subscription-plan.ts";

/** Where a conversation stands after the ladder. */
export interface Attached {
  readonly rung: Rung;
  readonly session: Session;
  readonly facts: ServerFacts;
  readonly subscription: Subscription;
}

export interface Climb {
  readonly library: Library;
  readonly device: string;
  readonly settings: OpcuaSettings;
  readonly server: MetServer;
  readonly log: Log;
  readonly queueMax: number;
  /** What the subscription has to be made for. */
  readonly items: string;
  readonly resume: Resume | undefined;
  /** The process is another one: ask the server to send present values with a subscription that is taken over. */
  readonly wantsPresentValues: boolean;
  /** Open already; there is no other to be made. */
  readonly held?: Session;
}

/** Climbs the ladder, rung by rung; says which one held. Whatever fails otherwise closes the channel and is thrown. */
export async function climb(work: Climb, signal: AbortSignal): Promise<Attached> {
  const climber = new Climber(work, signal);
  try {
    return await climber.climb();
  } catch (failure) {
    climber.drop();
    throw failure;
  }
}

class Climber {
  readonly #work: Climb;
  readonly #signal: AbortSignal;
  #channel: Channel | undefined;
  #session: Session | undefined;
  #facts: ServerFacts | undefined;
  #triedOld = false;

  constructor(work: Climb, signal: AbortSignal) {
    this.#work = work;
    this.#signal = signal;
    this.#session = work.held;
    this.#channel = work.held?.channel;
  }

  /** What was left in this very server; numbers of another one would be somebody else's here. */
  get #left(): Resume | undefined {
    const { resume, settings } = this.#work;
    // Resume points of earlier versions name no server.
    return resume === undefined || resume.url === "" || resume.url === settings.url
      ? resume
      : undefined;
  }

  drop(): void {
    this.#channel?.drop("the attempt has failed");
  }

  async climb(): Promise<Attached> {
    const { items, log } = this.#work;
    const resume = this.#left;
    let rung: Rung = firstRung({
      subscription: resume !== undefined,
      session: (resume?.sessionToken ?? "") !== "",
      itemsChanged: resume !== undefined && resume.items !== items,
    });
    for (;;) {
      this.#signal.throwIfAborted();
      const subscription: Subscription | "gone" =
        rung === "create"
          ? await this.#create()
          : await this.#held(
              rung === "reactivate" ? () => this.#reactivate() : () => this.#transfer(),
            );
      const outcome: RungOutcome = subscription === "gone" ? "gone" : "held";
      if (subscription !== "gone") {
        const session = await this.#openSession();
        return { rung, session, facts: await this.#readFacts(session), subscription };
      }
      const steps: Partial<Record<RungOutcome, Rung | "attached">> = ladder[rung];
      const next = steps[outcome];
      if (next === undefined || next === "attached") throw new Error(`no rung after ${rung}`);
      log.info("acquire.opcua-rung-gone", { device: this.#work.device, rung, next });
      rung = next;
    }
  }

  /** Runs a rung; what means that the server has nothing for us is an outcome, everything else a failure. */
  async #held<Result>(attempt: () => Promise<Result>): Promise<Result | "gone"> {
    try {
      return await attempt();
    } catch (failure) {
      if (failure instanceof ServiceFailure && meansGone(failure.status)) return "gone";
      // Some servers answer a session that they do not know by closing the channel.
      if (this.#session === undefined && this.#channel?.lost !== undefined) return "gone";
      throw failure;
    }
  }

  async #reactivate(): Promise<Subscription | "gone"> {
    const { library } = this.#work;
    const resume = this.#left;
    if (resume === undefined) return "gone";
    const session = await this.#activateOld(resume);
    if (!this.#meansTheSame(resume, await this.#readFacts(session))) return "gone";
    // Asking for the next message is the smallest question that names the subscription.
    await republish(
      { library, session, subscriptionId: resume.subscriptionId },
      nextSeq(resume.lastSequence),
    );
    return subscriptionOf(resume);
  }

  async #transfer(): Promise<Subscription | "gone"> {
    const { library, wantsPresentValues } = this.#work;
    const resume = this.#left;
    if (resume === undefined) return "gone";
    const session = await this.#openSession();
    // After a restart of the server the number may be that of somebody else's subscription.
    const facts = await this.#readFacts(session);
    if (facts.startTimeUs !== resume.startTimeUs) return "gone";
    if (!this.#meansTheSame(resume, facts)) return "gone";
    const answer = await session.call(
      new library.TransferSubscriptionsRequest({
        subscriptionIds: [resume.subscriptionId],
        sendInitialValues: wantsPresentValues,
      }),
      library.TransferSubscriptionsResponse,
    );
    const code = answer.results?.[0]?.statusCode.value ?? 0x8000_0000;
    return code >>> 30 >= 2 ? "gone" : subscriptionOf(resume);
  }

  /** With other namespaces the indices in the ids of our items may name other nodes (field practice 25). */
  #meansTheSame(resume: Resume, facts: ServerFacts): boolean {
    return resume.namespaces === "" || resume.namespaces === namespacesMark(facts);
  }

  async #create(): Promise<Subscription> {
    const { library, settings, queueMax } = this.#work;
    const resume = this.#left;
    const session = await this.#openSession();
    if (resume !== undefined) {
      // What is left of the old one would hold memory in the controller for its whole lifetime.
      await deleteSubscription(library, session, resume.subscriptionId).catch(
        (failure: unknown) => {
          if (!(failure instanceof ServiceFailure)) throw failure;
        },
      );
    }
    return createSubscription(library, session, settings, queueMax);
  }

  async #wish(): Promise<Parameters<typeof createSession>[0]> {
    const { library, device, settings, server } = this.#work;
    if (this.#channel === undefined || this.#channel.lost !== undefined) {
      this.#channel = await server.openChannel(this.#signal);
    }
    return {
      library,
      device,
      settings,
      own: server.own,
      channel: this.#channel,
      endpoint: server.endpoint,
      discovered: server.discovered,
      serverCertificate: server.serverCertificate,
    };
  }

  /** The session that was left behind if it is still there, otherwise a new one: controllers have few. */
  async #openSession(): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    const resume = this.#left;
    if (!this.#triedOld && resume !== undefined && resume.sessionToken !== "") {
      const old = await this.#held(() => this.#activateOld(resume));
      if (old !== "gone") return old;
    }
    this.#session = await createSession(await this.#wish());
    return this.#session;
  }

  async #activateOld(resume: Resume): Promise<Session> {
    this.#triedOld = true;
    this.#session = await activateSession(await this.#wish(), {
      token: resume.sessionToken,
      nonce: resume.sessionNonce,
    });
    return this.#session;
  }

  async #readFacts(session: Session): Promise<ServerFacts> {
    this.#facts ??= await readServerFacts(this.#work.library, session);
    return this.#facts;
  }
}

function subscriptionOf(resume: Resume): Subscription {
  return {
    id: resume.subscriptionId,
    publishingMs: resume.publishingMs,
    keepAliveCount: resume.keepAliveCount,
    lifetimeCount: resume.lifetimeCount,
  };
}
