/**
 * Reads the lake in a process of its own, which is started when somebody first asks for a day that only files hold: a
 * crash of the library, and the memory of a great export, cost an answer and not the hub.
 */
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";

import { Fault, type ReducedLine } from "@millwright/kit";

import type { BucketAnswer, DigestAnswer } from "../../hand-over.ts";
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
  #child: ChildProcess | undefined;
  #last = 0;

  constructor(settings: LakeSettings) {
    this.#settings = settings;
  }

  async lines(question: Extract<LakeQuestion, { kind: "lines" }>): Promise<readonly ReducedLine[]> {
    const reply = await this.#ask(question);
    if (reply.kind !== "lines") throw new Error(`the lake answered ${reply.kind}`);
    return reply.lines;
  }

  /** Answers the number of samples in the file. */
  async export(question: Extract<LakeQuestion, { kind: "export" }>): Promise<number> {
    const reply = await this.#ask(question);
    if (reply.kind !== "exported") throw new Error(`the lake answered ${reply.kind}`);
    return reply.samples;
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
  }
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
