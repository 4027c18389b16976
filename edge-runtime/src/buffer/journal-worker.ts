import { parentPort } from "node:worker_threads";

import { Fault, messageChain } from "@millwright/kit";

import { keepCompiledCode } from "../compiled-code.ts";
import { isFull, JournalBroken, JournalInUse, JournalUnusable } from "./faults.ts";
import { answer, type Answer, type Asked, type DoorState, type Question } from "./questions.ts";
import { openStore } from "./open-store.ts";
import type { StoreOptions } from "./store-parts.ts";
import type { Store } from "./store.ts";
import type { FromWorker, Opening, ToldFailure, ToWorker } from "./store-worker-door.ts";
import { WorkMeter } from "./work-meter.ts";

/**
 * The thread that owns the journal's file. The first message says which; after it questions are answered one after the
 * other, in the order they came.
 */

const port = parentPort;
if (port === null) throw new Error("the journal's worker runs only as a worker");
const tell = (message: FromWorker, moved: readonly ArrayBuffer[] = []): void => {
  port.postMessage(message, moved);
};

const meter = new WorkMeter();
const stateOf = (store: Store): DoorState => ({
  ...store.state,
  tendCpuUs: meter.spentUs("tend"),
});

port.once("message", (options: StoreOptions) => {
  try {
    const store = openStore(options);
    port.on("message", (question: ToWorker) => {
      answerTo(question, store);
    });
    const opening: Opening = {
      resumePoints: store.resumePoints(),
      savedStates: store.savedStates(),
    };
    tell({ id: 0, answer: opening, state: stateOf(store) });
    keepCompiledCode();
  } catch (failure) {
    tell({ id: 0, failure: toldFailure(failure) });
  }
});

function answerTo({ id, name, asked }: ToWorker, store: Store): void {
  meter.begin(name);
  try {
    // Only `store-worker-door.ts` speaks to this thread, and it is typed by `Questions`.
    const answered = answer(store, name as Question, asked as Asked<Question>);
    const state = { state: stateOf(store) };
    if (answered instanceof Promise) answerLater(id, answered, store);
    else tell({ id, answer: answered, ...state }, buffersOf(name, answered));
  } catch (failure) {
    tell({ id, failure: toldFailure(failure) });
  }
}

/** What takes its time does it in steps, and the questions that come meanwhile are answered between them. */
function answerLater(id: number, answered: Promise<void>, store: Store): void {
  answered.then(
    () => {
      tell({ id, answer: undefined, state: stateOf(store) });
    },
    (failure: unknown) => {
      tell({ id, failure: toldFailure(failure) });
    },
  );
}

/** Smaller ones are copied: to move one costs more. */
const movedFromBytes = 16_384;

/** Frames that are handed out are made for who asked, and move as a whole. */
function buffersOf(name: string, answered: Answer<Question>): readonly ArrayBuffer[] {
  if (name === "framesAfter") {
    const frames = answered as Answer<"framesAfter">;
    return frames.flatMap(({ bytes }) => (bytes.length < movedFromBytes ? [] : ownBuffer(bytes)));
  }
  return typeof answered === "object" && "buffers" in answered ? answered.buffers : [];
}

/** None where the memory holds something else besides. */
function ownBuffer({ buffer, byteLength }: Uint8Array): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

function toldFailure(failure: unknown): ToldFailure {
  const cause = failure instanceof Error ? messageChain(failure.cause ?? failure) : String(failure);
  if (failure instanceof JournalUnusable) {
    const kind = failure instanceof JournalInUse ? "in use" : "unusable";
    return { kind, message: failure.message, hint: failure.hint, cause };
  }
  const known = failure instanceof JournalBroken ? "broken" : "defect";
  const kind = isFull(failure) ? "full" : known;
  const message = failure instanceof Error ? failure.message : String(failure);
  return { kind, message, hint: failure instanceof Fault ? failure.hint : "", cause };
}
