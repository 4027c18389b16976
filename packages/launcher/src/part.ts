/**
 * A program of Millwright as a child process: started, waited for until it says that it is ready, ended by its process
 * id. Used wherever several parts run on one machine: the demo, the tests with real processes, some benchmarks.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

import { Fault } from "@millwright/kit";

/** A part ended before it said that it is ready, or did not say so in time. */
export class PartDidNotStart extends Fault {
  override readonly name = "PartDidNotStart";
  readonly code = "launch.did-not-start";
  readonly retry = "never";
  readonly hint: string;

  constructor(part: string, why: string, lastLines: readonly string[]) {
    super(`${part} did not start: ${why}`);
    this.hint =
      lastLines.length === 0
        ? `It printed nothing.`
        : `Its last lines:\n  ${lastLines.join("\n  ")}`;
  }
}

export interface PartOptions {
  readonly name: string;
  /** A file of TypeScript or JavaScript, run by this same Node. */
  readonly program: string;
  readonly args: readonly string[];
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  /** Called with each line the part prints, on either stream. */
  readonly onLine?: (line: string) => void;
  /** A part that is not ready after so long has failed. */
  readonly readyMsMax: number;
}

/** What a part said when it was ready: addresses, paths, counts. */
export type ReadyFacts = Readonly<Record<string, unknown>>;

export class Part {
  readonly name: string;
  readonly ready: Promise<ReadyFacts>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #child: ChildProcess;

  constructor(options: PartOptions) {
    this.name = options.name;
    const child = spawn(
      process.execPath,
      [...(options.nodeFlags ?? []), options.program, ...options.args],
      { stdio: ["ignore", "pipe", "pipe", "ipc"] },
    );
    this.#child = child;
    const lines: string[] = [];
    let sayReady: (facts: ReadyFacts) => void = () => undefined;
    let fail: (failure: Error) => void = () => undefined;
    this.ready = new Promise((resolve, reject) => {
      sayReady = resolve;
      fail = reject;
    });
    this.ready.catch(() => undefined);

    const timer = setTimeout(() => {
      fail(new PartDidNotStart(options.name, `not ready after ${options.readyMsMax} ms`, lines));
    }, options.readyMsMax);
    child.on("message", (message) => {
      if (isReady(message)) sayReady(message);
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        if (lines.length > 12) lines.shift();
        options.onLine?.(line);
        const said = parseLine(line);
        if (isReady(said)) sayReady(said);
      });
    }
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        clearTimeout(timer);
        fail(new PartDidNotStart(options.name, `ended with ${signal ?? `code ${code}`}`, lines));
        resolve({ code, signal });
      });
      child.once("error", (cause) => {
        fail(cause);
        resolve({ code: null, signal: null });
      });
    });
    this.ready.then(
      () => {
        clearTimeout(timer);
      },
      () => undefined,
    );
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  send(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /** Asks it to end; kills it when it has not after `msMax`. Resolves when it is gone. */
  async stop(msMax = 15_000): Promise<void> {
    if (!this.running) return;
    this.send("SIGTERM");
    const timer = setTimeout(() => {
      this.send("SIGKILL");
    }, msMax);
    await this.exited;
    clearTimeout(timer);
  }
}

function parseLine(line: string): unknown {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function isReady(message: unknown): message is ReadyFacts {
  return (
    typeof message === "object" && message !== null && "ready" in message && message.ready === true
  );
}
