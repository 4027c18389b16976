/** One detect host as the gateway sees it: it is started, loaded, asked, and ends once, with a reason. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";

import { messageChain, type Clock, type Log } from "@millwright/kit";

import { MessageReader, type Message } from "./frames.ts";
import { hostCommand, type Isolation } from "./isolation.ts";
import {
  messageKinds,
  outputsOf,
  sendLoad,
  sendRun,
  sendWeights,
  type FailedText,
  type RunText,
  type ScoredText,
} from "./messages.ts";
import type { UnitPlan } from "./unit-plan.ts";

export interface HostProgram {
  /** The Node that the gateway itself runs with. */
  readonly node: string;
  /** `host-main.ts`, or what the build made of it. */
  readonly file: string;
  readonly isolation: Isolation;
}

export interface HostLimits {
  /** Resident memory, bytes; above it the host is ended. */
  readonly bytesMax: number;
  /** With windows on their way and none answered for so long, the host is ended (ms). */
  readonly silentMsMax: number;
}

export interface HostListener {
  /** @param outputs valid until the call returns */
  scored(scored: ScoredText, outputs: Float32Array): void;
  failed(request: number, reason: string): void;
  /** Once. Nothing is answered after it. */
  ended(reason: string): void;
}

/**
 * From 1.29 on onnxruntime would tell its maker of sessions, models and errors, and keep an identifier of the machine on its
 * disk, unless it is told not to before it begins (its docs/Privacy.md). The walls stop both; not trying is better.
 */
const hostEnvironment = { ORT_DISABLE_TELEMETRY: "1" };
/** How often memory is looked at: 2 GB take longer to fill than this on any gateway. */
const watchEveryMs = 500;
/** A program that has not said that it is there by then will not. */
const startMsMax = 60_000;
/** What Node maps without using it, beside what the cap counts: 576 MiB of code range and stacks, measured (bytes). */
const mappedBytes = 640 * 2 ** 20;

export class HostProcess {
  readonly #child: ChildProcess;
  readonly #pipe: Socket;
  readonly #listener: HostListener;
  readonly #clock: Clock;
  readonly #loads = new Map<number, (reason: string | undefined) => void>();
  readonly #gone = new AbortController();
  readonly #ready: Promise<void>;
  #settleReady: (failure?: Error) => void = () => undefined;
  #endReason: string | undefined;
  #answers = false;
  #unanswered = 0;
  #answeredMs = 0;

  constructor(
    program: HostProgram,
    limits: HostLimits,
    listener: HostListener,
    clock: Clock,
    log: Log,
  ) {
    this.#listener = listener;
    this.#clock = clock;
    const { isolation, node, file } = program;
    const { command, args } = hostCommand(isolation, node, file, limits.bytesMax + mappedBytes);
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = (failure) => {
        if (failure === undefined) resolve();
        else reject(failure);
      };
    });
    this.#ready.catch(() => undefined);
    // Nothing of our environment: what stands there (paths, tokens) is nothing that a model needs.
    this.#child = spawn(command, args, {
      env: hostEnvironment,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    const pipe = this.#child.stdio[3];
    if (!(pipe instanceof Socket)) throw new Error("the detect host has no pipe");
    this.#pipe = pipe;
    const reader = new MessageReader((message) => {
      this.#take(message);
    });
    pipe.on("data", (chunk: Uint8Array) => {
      try {
        reader.push(chunk);
      } catch (failure) {
        this.kill(`it said what cannot be understood: ${messageChain(failure)}`);
      }
    });
    // Writing to a host that is ending: its end is told by the process.
    pipe.on("error", () => undefined);
    let said = "";
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      said = `${said}${chunk.toString("utf8")}`.slice(-2_000);
    });
    this.#child.on("error", (failure) => {
      this.#end(`it could not be started: ${messageChain(failure)}`);
    });
    this.#child.on("close", (code, signal) => {
      if (said !== "") log.warn("detect.host-said", { text: said.trim() });
      this.#end(this.#endReason ?? endWords(code, signal));
    });
    void this.#watch(limits);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when it answers; rejects when it ended before. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** @returns why the unit cannot be run, or undefined */
  load(plan: UnitPlan): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#gone.signal.aborted) {
        resolve("the detect host has ended");
        return;
      }
      this.#loads.set(plan.text.unit, resolve);
      sendLoad(this.#pipe, plan.text, plan.model);
      plan.weights.forEach((rows, at) => {
        sendWeights(this.#pipe, plan.text.unit, at, rows);
      });
    });
  }

  run(run: RunText, rows: Int32Array, inputs: Float32Array): void {
    if (this.#gone.signal.aborted) return;
    if (this.#unanswered++ === 0) this.#answeredMs = this.#clock.monotonicMs();
    sendRun(this.#pipe, run, rows, inputs);
  }

  /** Memory in use, bytes; undefined where the system does not say. */
  residentBytes(): number | undefined {
    return residentBytes(this.#child.pid);
  }

  kill(reason: string): void {
    this.#endReason ??= reason;
    this.#child.kill("SIGKILL");
  }

  /** Lets it go when nothing is asked of it any more. Resolves when the process is gone. */
  async end(): Promise<void> {
    if (this.#gone.signal.aborted) return;
    this.#endReason ??= "it was let go";
    const gone = new Promise<void>((resolve) => {
      this.#gone.signal.addEventListener("abort", () => {
        resolve();
      });
    });
    // Nothing in it is worth a goodbye, and memory is given back at once.
    this.#child.kill("SIGKILL");
    await gone;
  }

  #take(message: Message): void {
    switch (message.kind) {
      case messageKinds.ready:
        this.#answers = true;
        this.#settleReady();
        return;
      case messageKinds.loaded: {
        const { unit } = JSON.parse(message.text) as { readonly unit: number };
        this.#loads.get(unit)?.(undefined);
        this.#loads.delete(unit);
        return;
      }
      case messageKinds.scored:
        this.#answered();
        this.#listener.scored(JSON.parse(message.text) as ScoredText, outputsOf(message));
        return;
      case messageKinds.failed: {
        const { unit, request, reason } = JSON.parse(message.text) as FailedText;
        if (request !== undefined) {
          this.#answered();
          this.#listener.failed(request, reason);
          return;
        }
        this.#loads.get(unit)?.(reason);
        this.#loads.delete(unit);
        return;
      }
      default:
        throw new Error(`message ${message.kind}`);
    }
  }

  #end(reason: string): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort();
    this.#pipe.destroy();
    this.#settleReady(new Error(reason));
    for (const resolve of this.#loads.values()) resolve(reason);
    this.#loads.clear();
    this.#listener.ended(reason);
  }

  #answered(): void {
    this.#unanswered--;
    this.#answeredMs = this.#clock.monotonicMs();
  }

  async #watch({ bytesMax, silentMsMax }: HostLimits): Promise<void> {
    const clock = this.#clock;
    const startedMs = clock.monotonicMs();
    try {
      while (!this.#gone.signal.aborted) {
        await clock.sleep(watchEveryMs, this.#gone.signal);
        const bytes = this.residentBytes();
        if (bytes !== undefined && bytes > bytesMax) {
          this.kill(`it used ${mebibytes(bytes)} of memory, and ${mebibytes(bytesMax)} is the cap`);
        }
        const nowMs = clock.monotonicMs();
        if (this.#unanswered > 0 && nowMs - this.#answeredMs > silentMsMax) {
          this.kill(`it gave no answer for ${silentMsMax / 1_000} s`);
        }
        if (!this.#answers && nowMs - startedMs > startMsMax) {
          this.kill("it did not answer within a minute of its start");
        }
      }
    } catch {
      // It has ended.
    }
  }
}

/** proc(5), statm: the second number is the resident set in pages, of 4 KiB on every gateway that we run on. */
function residentBytes(pid: number | undefined): number | undefined {
  if (process.platform !== "linux" || pid === undefined) return undefined;
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return Number(pages) * 4_096;
  } catch {
    return undefined;
  }
}

function endWords(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `it was ended by ${signal}`;
  return code === 0 ? "it ended by itself" : `it ended with code ${code}`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
