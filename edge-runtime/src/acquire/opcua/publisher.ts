import type { Clock } from "@millwright/kit";

import { ChannelLost, ServiceFailure } from "./faults.ts";
import type { Library, opcua } from "./library.ts";
import type { Session } from "./session.ts";
import type { SettledNumbers } from "./settled-numbers.ts";
import { missingBetween, nextSeq } from "./subscription-plan.ts";

/**
 * Asks for what the server has to tell, in numbered messages (OPC 10000-4, 5.14.5). Numbers that were skipped are asked
 * for again before anything later is handed on, so order is kept; a message is acknowledged only after `settle`.
 */
export interface PublishWork {
  readonly library: Library;
  readonly session: Session;
  readonly subscriptionId: number;
  readonly clock: Clock;
  readonly settled: SettledNumbers;
  /** The number to come next; undefined for a subscription that has not spoken yet. */
  readonly expected: number | undefined;
  /** Longer silence means that the link is dead although nobody said so, ms. */
  readonly silenceMs: number;
  /** No request is sent while this is false: values wait in the server, which has the larger memory for them. */
  hasRoom(): boolean;
  /** Tells that there may be room again. One listener. */
  onRoom(listener: () => void): void;
  /** A message with data. Handled one after the other. */
  onMessage(message: opcua.NotificationMessage): Promise<void> | void;
  /** The server has answered for this subscription: what did not come did not change. */
  onAlive(): void;
  /** The server holds nothing back at the moment. Called once. */
  onDrained(): Promise<void> | void;
  /** So many messages are neither here nor in the server. */
  onMissing(count: number): void;
}

/** Two requests wait in the server: one to be answered, one to be there when it is. More serve long distances. */
const requestsMax = 2;
/** Republish answers one message at a time; a server that claims more gaps than this is not believed. */
const republishMax = 10_000;

/** Runs until `signal` aborts; throws when the subscription or the link is gone. */
export async function publish(work: PublishWork, signal: AbortSignal): Promise<void> {
  const { clock, session } = work;
  const arrived: opcua.PublishResponse[] = [];
  let failure: unknown;
  let outstanding = 0;
  let allowed = requestsMax;
  let wake: () => void = () => undefined;
  let heardMs = clock.monotonicMs();
  let expected = work.expected;
  let drained = false;

  const send = (): void => {
    outstanding++;
    session.call(publishRequest(work), work.library.PublishResponse, requestPatienceMs(work)).then(
      (response) => {
        outstanding--;
        arrived.push(response);
        wake();
      },
      (reason: unknown) => {
        outstanding--;
        if (reason instanceof ServiceFailure && reason.status === "BadTooManyPublishRequests") {
          allowed = Math.max(1, allowed - 1);
        } else if (!(reason instanceof ServiceFailure && reason.status === "BadTimeout")) {
          failure ??= reason;
        }
        wake();
      },
    );
  };

  const watch = new AbortController();
  const watching = watchSilence(clock, watch.signal, () => {
    if (outstanding === 0) heardMs = clock.monotonicMs();
    if (clock.monotonicMs() - heardMs > work.silenceMs) {
      failure ??= new ChannelLost(`no word for ${Math.round(work.silenceMs / 1_000)} s`);
    }
    wake();
  });
  const onAbort = (): void => {
    wake();
  };
  work.onRoom(onAbort);
  signal.addEventListener("abort", onAbort);
  session.channel.onLost((lost) => {
    failure ??= lost;
    wake();
  });

  try {
    while (!signal.aborted) {
      for (let next = arrived.shift(); next !== undefined; next = arrived.shift()) {
        heardMs = clock.monotonicMs();
        expected = await accept(work, next, expected);
        if (!next.moreNotifications && !drained) {
          drained = true;
          await work.onDrained();
        }
      }
      if (failure !== undefined) throw failure as Error;
      while (outstanding < allowed && work.hasRoom()) send();
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (arrived.length > 0 || failure !== undefined || signal.aborted) resolve();
      });
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    watch.abort();
    await watching;
  }
}

/** Hands on one answer, and before it whatever its number says that we have missed. Returns the number to come next. */
async function accept(
  work: PublishWork,
  response: opcua.PublishResponse,
  expected: number | undefined,
): Promise<number> {
  const { notificationMessage: message } = response;
  if (response.subscriptionId !== work.subscriptionId) return expected ?? 1;
  work.onAlive();
  const seq = message.sequenceNumber;
  const next = expected ?? 1;
  await recover(work, next, missingBetween(next, seq));
  // A keep-alive carries the number that the next message will have (OPC 10000-4, 5.14.1.2).
  if ((message.notificationData?.length ?? 0) === 0)
    return missingBetween(next, seq) > 0 ? seq : next;
  // An old number is one that we have handed on already.
  if (seq !== next && missingBetween(next, seq) === 0) return next;
  await work.onMessage(message);
  return nextSeq(seq);
}

async function recover(work: PublishWork, first: number, count: number): Promise<void> {
  let missing = Math.max(0, count - republishMax);
  let seq = first;
  for (let step = 0; step < count; step++, seq = nextSeq(seq)) {
    if (count - step > republishMax) continue;
    const message = await republish(work, seq);
    if (message === undefined) missing++;
    else await work.onMessage(message);
  }
  if (missing > 0) work.onMissing(missing);
}

/** Asks for a message again; undefined when the server does not have it any more. */
export async function republish(
  work: Pick<PublishWork, "library" | "session" | "subscriptionId">,
  seq: number,
): Promise<opcua.NotificationMessage | undefined> {
  try {
    const answer = await work.session.call(
      new work.library.RepublishRequest({
        subscriptionId: work.subscriptionId,
        retransmitSequenceNumber: seq,
      }),
      work.library.RepublishResponse,
    );
    return answer.notificationMessage;
  } catch (failure) {
    if (failure instanceof ServiceFailure && failure.status === "BadMessageNotAvailable") {
      return undefined;
    }
    throw failure;
  }
}

function publishRequest(work: PublishWork): opcua.PublishRequest {
  return new work.library.PublishRequest({
    subscriptionAcknowledgements: work.settled.takeAcknowledgements().map((sequenceNumber) => ({
      subscriptionId: work.subscriptionId,
      sequenceNumber,
    })),
  });
}

/** A request may wait for as many keep-alives as requests wait before it; the silence watch notices a dead link. */
function requestPatienceMs(work: PublishWork): number {
  return work.silenceMs * (requestsMax + 1);
}

async function watchSilence(clock: Clock, signal: AbortSignal, look: () => void): Promise<void> {
  try {
    for (;;) {
      await clock.sleep(500, signal);
      look();
    }
  } catch {
    // The signal has ended the watch; sleep has no other reason to fail.
  }
}
