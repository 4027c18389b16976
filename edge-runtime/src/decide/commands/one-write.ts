/**
 * One write, sent once and read back. Where the driver cannot say whether the machine has it, what is read says so, or
 * nothing does; it is never sent again.
 */
import { messageChain, type Clock, type Log, type Refused } from "@millwright/kit";
import type { Scalar, TagId, WriteOutcome } from "@millwright/wire-contract";
import {
  toJsonScalar,
  type CommandOutcome,
  type JsonScalar,
} from "@millwright/wire-contract/events";

import type { Refusal } from "./checks.ts";
import type { Proof, ReadBackEnd, ReadBacks } from "./read-back.ts";
import type { MachineDoor } from "./tag-terms.ts";

/** What became of a command, as far as it is not said by the command itself. */
export interface Word {
  readonly outcome: CommandOutcome;
  readonly final?: true;
  readonly before?: JsonScalar;
  readonly readBack?: JsonScalar;
  readonly reason?: string;
  readonly interlock?: string;
}

export interface OneWrite {
  readonly tag: TagId;
  readonly name: string;
  /** In device terms. */
  readonly device: Scalar;
  readonly proof: Proof | undefined;
  /** Monotonic. */
  readonly deadlineMs: number;
  /** The same checks once more; undefined lets it go. */
  readonly admit: () => Refusal | undefined;
  /** Aborts, with the refusal as reason, when an interlock drops while the write waits for its line. */
  readonly takenBack: AbortSignal;
  readonly stopping: AbortSignal;
  /** The machine took it, and now it is read. */
  readonly accepted: () => void;
  /** Nobody knows whether the machine took it. */
  readonly unknown: () => void;
}

/** The reason of a signal that takes a write back. */
export class TakenBack extends Error {
  override readonly name = "TakenBack";
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.reason);
    this.refusal = refusal;
  }
}

export async function writeOnce(
  write: OneWrite,
  machine: MachineDoor,
  readBacks: ReadBacks,
  clock: Clock,
  log: Log,
): Promise<Word> {
  const { tag, device, proof, takenBack, stopping } = write;
  const readBack = proof === undefined ? undefined : readBacks.watch(proof, clock.nowUs());
  let late: Refusal | undefined;
  const admit = (): Refused | undefined => {
    late = write.admit();
    return late === undefined ? undefined : { kind: "refused", reason: late.reason };
  };
  const tooLate = new AbortController();
  const answered = new AbortController();
  const expiring = clock
    .sleep(Math.max(0, write.deadlineMs - clock.monotonicMs()), answered.signal)
    .then(
      () => {
        const reason = "it waited too long for the machine and was not sent";
        tooLate.abort(new TakenBack({ outcome: "expired", reason }));
      },
      () => undefined,
    );
  const signal = AbortSignal.any([takenBack, tooLate.signal, stopping]);
  let outcome: WriteOutcome;
  try {
    outcome = await machine.write(tag, device, admit, signal);
  } catch (failure) {
    log.error("decide.write-failed", { tag, why: messageChain(failure) });
    outcome = { kind: "unknown", reason: messageChain(failure) };
  } finally {
    answered.abort();
    await expiring;
  }

  if (outcome.kind === "refused") {
    readBack?.stop();
    if (late !== undefined) return late;
    const why: unknown = signal.reason;
    return why instanceof TakenBack ? why.refusal : { outcome: "refused", reason: outcome.reason };
  }
  if (outcome.kind === "unknown") write.unknown();
  if (readBack === undefined) {
    return outcome.kind === "unknown"
      ? { outcome: "unknown", reason: `${outcome.reason}. Check the machine` }
      : { outcome: "accepted", final: true };
  }
  if (outcome.kind === "accepted") write.accepted();
  return afterReading(write.name, outcome, await readBack.end(stopping));
}

function afterReading(
  name: string,
  outcome: Exclude<WriteOutcome, Refused>,
  read: ReadBackEnd,
): Word {
  const readBack = read.value === undefined ? {} : { readBack: toJsonScalar(read.value) };
  if (read.shown) return { outcome: "confirmed", ...readBack };
  const looked =
    read.value === undefined
      ? "nothing could be read back in time"
      : "what was read back does not show it";
  return outcome.kind === "unknown"
    ? {
        outcome: "unknown",
        reason: `${outcome.reason}, and ${looked}. Check the machine`,
        ...readBack,
      }
    : { outcome: "unconfirmed", reason: `${name} was accepted, and ${looked}`, ...readBack };
}
