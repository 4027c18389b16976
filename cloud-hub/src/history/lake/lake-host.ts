/**
 * Reads the lake in a process of its own, which is started when somebody first asks for a day that only files hold: a
 * crash of the library, and the memory of a great export, cost an answer and not the hub.
 */
import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { Fault, type ReducedLine } from "@millwright/kit";

import type { BucketAnswer, DigestAnswer } from "../../hand-over.ts";
import { exportsMax, hasRoom } from "./export-bounds.ts";
import { removeExports, type ExportOrder, type ExportPiece } from "./export-samples.ts";
import { LakeExport, type RefusedExport } from "./lake-export.ts";
import { clearScratch, scratchIn } from "./lake-folder.ts";
import type { LakeQuestion, LakeReply, LakeSettings } from "./lake-messages.ts";

/** The process of the lake ended before it had answered. */
export class LakeAway extends Fault {
  override readonly name = "LakeAway";
  readonly code = "history.lake-away";
  readonly retry = "soon";
  readonly hint =
    "Ask again; when that fails too, the hub's log says what the lake's process died of.";
}

const program = join(import.meta.dirname, "lake-host-main.ts");
/** Questions on their way; a page asks some ten at once. */
const pendingMax = 64;

interface Pending {
  resolve(reply: LakeReply): void;
  reject(failure: Error): void;
}

export class LakeHost implements AsyncDisposable {
  readonly #settings: LakeSettings;
  readonly #pending = new Map<number, Pending>();
  /** On their way, by number. */
  readonly #exports = new Set<number>();
  #child: ChildProcess | undefined;
  #last = 0;

  constructor(settings: LakeSettings) {
    this.#settings = settings;
    mkdirSync(settings.folder, { recursive: true });
    // Of a hub that was killed: exports, and what its sorting had put there, which is many gigabytes at times.
    clearScratch(settings.folder);
  }

  async lines(question: Extract<LakeQuestion, { kind: "lines" }>): Promise<readonly ReducedLine[]> {
    const reply = await this.#ask(question);
    if (reply.kind !== "lines") throw new Error(`the lake answered ${reply.kind}`);
    return reply.lines;
  }

  /**
   * Begins an export and waits for its first bytes. Who was given one closes it.
   * @param signal aborts when nobody waits for it any more
   */
  async export(order: ExportOrder, signal: AbortSignal): Promise<LakeExport | RefusedExport> {
    if (this.#exports.size >= exportsMax) return tooManyExports;
    if (!hasRoom(this.#settings.folder, "to begin")) return noRoomForExport;
    const no = ++this.#last;
    this.#exports.add(no);
    const made = new LakeExport({
      next: async () => pieceOf(await this.#ask({ kind: "export-next", no })),
      close: async () => {
        // What is being made ends first: until then it counts. With the process it has ended already.
        if (this.#child !== undefined)
          await this.#ask({ kind: "export-close", no }).catch(() => undefined);
        this.#exports.delete(no);
      },
    });
    const close = (): void => void made.close();
    signal.addEventListener("abort", close);
    try {
      signal.throwIfAborted();
      pieceOf(await this.#ask({ kind: "export-open", no, order }));
      await made.begin();
      return made;
    } catch (failure) {
      await made.close();
      throw failure;
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  async digest(question: Extract<LakeQuestion, { kind: "digest" }>): Promise<DigestAnswer> {
    const reply = await this.#ask(question);
    if (reply.kind !== "digest") throw new Error(`the lake answered ${reply.kind}`);
    return reply.answer;
  }

  async digestBuckets(
    question: Extract<LakeQuestion, { kind: "digest-buckets" }>,
  ): Promise<BucketAnswer | undefined> {
    const reply = await this.#ask(question);
    if (reply.kind !== "digest-buckets") throw new Error(`the lake answered ${reply.kind}`);
    return reply.answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) =>
      child.once("exit", () => {
        resolve();
      }),
    );
    // It ends with its channel.
    if (child.connected) child.disconnect();
    await ended;
  }

  #ask(question: LakeQuestion): Promise<LakeReply> {
    if (this.#pending.size >= pendingMax)
      return Promise.reject(
        new LakeAway(`${pendingMax} questions to the lake are waiting already`),
      );
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const running = this.#running();
      this.#pending.set(id, { resolve, reject });
      // One that could not be started says why in the next moment, to all that wait.
      if (running.pid === undefined) return;
      running.send({ id, question }, (failure) => {
        if (failure === null) return;
        this.#pending.delete(id);
        reject(new LakeAway("the lake's process did not take the question", { cause: failure }));
      });
    });
  }

  #running(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    const child = startProcess();
    this.#child = child;
    child.on("message", (message) => {
      const { id, reply } = message as { readonly id: number; readonly reply: LakeReply };
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (reply.kind === "failed") pending?.reject(new LakeAway(reply.reason));
      else pending?.resolve(reply);
    });
    child.once("exit", (code, signal) => {
      this.#ended(new LakeAway(`the lake's process ended (${signal ?? code ?? "?"})`));
    });
    child.on("error", (cause) => {
      if (child.pid === undefined) this.#ended(notStarted(cause));
    });
    if (child.pid !== undefined) child.send(this.#settings, () => undefined);
    return child;
  }

  /** The next question starts it again. */
  #ended(why: LakeAway): void {
    this.#child = undefined;
    for (const pending of this.#pending.values()) pending.reject(why);
    this.#pending.clear();
    removeExports(scratchIn(this.#settings.folder));
  }
}

const tooManyExports: RefusedExport = {
  kind: "refused",
  why: "busy",
  reason: `${exportsMax} exports are on their way already, and more would slow all of them: ask again when one of them has ended`,
};

const noRoomForExport: RefusedExport = {
  kind: "refused",
  why: "no-room",
  reason:
    "the disk of the hub's history has too little free space to make an export beside its work: free some of it and ask again, or read the files of the lake where they lie",
};

function pieceOf(reply: LakeReply): ExportPiece | undefined {
  if (reply.kind !== "export") throw new Error(`the lake answered ${reply.kind}`);
  return reply.piece;
}

/** Node throws some reasons why it cannot start a process, and tells others by an event. */
function startProcess(): ChildProcess {
  try {
    return fork(program, [], {
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  } catch (failure) {
    throw notStarted(failure);
  }
}

function notStarted(cause: unknown): LakeAway {
  return new LakeAway("the lake's process could not be started", { cause });
}
