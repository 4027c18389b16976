import { JournalBroken, JournalFull, JournalInUse, JournalUnusable } from "./faults.ts";
import type { JournalThread } from "./journal-thread.ts";
import type { DoorState, StoreDoor } from "./questions.ts";
import type { StoreOptions } from "./store-parts.ts";

/** The way to the store in its worker: questions out, answers back, buffers moved and not copied. */

/** A failure as it crosses threads: classes do not. */
export interface ToldFailure {
  readonly kind: "unusable" | "in use" | "full" | "broken" | "defect";
  readonly message: string;
  readonly hint: string;
  readonly cause: string;
}

/** What is known once the file is open. */
export type Opening = Pick<StoreDoor, "resumePoints" | "savedStates">;

export interface FromWorker {
  /** Of the question; 0 is the opening. */
  readonly id: number;
  readonly answer?: unknown;
  readonly failure?: ToldFailure;
  readonly state?: DoorState;
}

export interface ToWorker {
  readonly id: number;
  readonly name: string;
  readonly asked: readonly unknown[];
}

interface Asker {
  resolve(answer: unknown): void;
  reject(failure: unknown): void;
}

/** Throws `JournalUnusable`. @param onBroken the thread ended although nobody asked it to */
export async function openStoreWorker(
  worker: JournalThread,
  options: StoreOptions,
  onBroken: (failure: unknown) => void,
): Promise<StoreDoor> {
  const askers = new Map<number, Asker>();
  let state: DoorState | undefined;
  let lastId = 0;
  let ended = false;

  const opened = new Promise<unknown>((resolve, reject) => {
    askers.set(0, { resolve, reject });
  });
  const end = (failure: unknown): void => {
    if (ended) return;
    ended = true;
    const opening = askers.has(0);
    for (const asker of askers.values()) asker.reject(failure);
    if (askers.size === 0 && !opening) onBroken(failure);
    askers.clear();
  };
  worker.on("message", (message: FromWorker) => {
    if (message.state !== undefined) state = message.state;
    const asker = askers.get(message.id);
    askers.delete(message.id);
    if (message.failure === undefined) asker?.resolve(message.answer);
    else asker?.reject(failureOf(message.failure));
  });
  worker.on("error", (cause) => {
    end(new JournalBroken("the journal's thread", { cause }));
  });
  worker.on("exit", () => {
    end(new JournalBroken("the journal's thread ended and what was asked of it"));
  });

  worker.ref();
  worker.postMessage(options);
  const opening = (await opened.catch(async (failure: unknown) => {
    ended = true;
    await worker.terminate();
    throw failure;
  })) as Opening;
  return {
    epoch: options.epoch,
    ...opening,
    get state() {
      if (state === undefined) throw new JournalBroken("opening");
      return state;
    },
    async ask(name, ...asked) {
      if (ended) throw new JournalBroken(name);
      const id = ++lastId;
      const answered = new Promise<unknown>((resolve, reject) => {
        askers.set(id, { resolve, reject });
      });
      const question: ToWorker = { id, name, asked };
      worker.postMessage(question, buffersOf(name, asked));
      const answer = await answered;
      if (name === "close") {
        ended = true;
        await worker.terminate();
      }
      // The worker answers with what `Questions` says for this name.
      return answer as never;
    },
    async abandon() {
      ended = true;
      await worker.terminate();
    },
  };
}

/** Chunks move; everything else is small and is copied. */
function buffersOf(name: string, asked: readonly unknown[]): ArrayBuffer[] {
  if (name !== "commit") return [];
  const [group] = asked as [{ readonly chunks: readonly { readonly buffer: ArrayBuffer }[] }];
  return group.chunks.map((chunk) => chunk.buffer);
}

function failureOf(told: ToldFailure): Error {
  const cause = new Error(told.cause);
  if (told.kind === "unusable") return new JournalUnusable(told.message, told.hint, { cause });
  if (told.kind === "in use") return new JournalInUse(told.message, told.hint, { cause });
  if (told.kind === "full") return new JournalFull({ cause });
  return new JournalBroken(told.message, { cause });
}
