import { Fault, type Clock } from "@millwright/kit";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Conversation, type ServedUnit } from "./conversation.ts";
import { rtuFraming } from "./frames.ts";

/** The program that makes pseudo-terminals is not there or did not start. */
export class SerialLineUnavailable extends Fault {
  override readonly name = "SerialLineUnavailable";
  readonly code = "plant.serial-line-unavailable";
  readonly retry = "never";
  readonly hint = 'Install it with "apt-get install socat", or run the plant without "modbus-rtu".';
}

export interface SerialLineOptions {
  readonly clock: Clock;
  /** By unit number. */
  readonly units: ReadonlyMap<number, ServedUnit>;
  /** Where the client's end of the line shall be found, as a symbolic link. */
  readonly path: string;
  /** Program that makes the pseudo-terminal. */
  readonly socat: string;
}

// socat makes the terminal within a few ms; on a busy machine much later, but never this late.
const readyMs = 10_000;
// Longer than any pause inside a request, shorter than a pause between two (Linux holds neither to the letter).
const silenceMs = 50;

/** Modbus RTU on a pseudo-terminal: a program opens `path` as its serial port and talks to the units of this line. */
export class SerialLine {
  readonly #options: SerialLineOptions;
  #child: ChildProcess | undefined;
  #conversation: Conversation | undefined;
  #silence: NodeJS.Timeout | undefined;

  constructor(options: SerialLineOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  async start(): Promise<void> {
    const { path, units, clock, socat } = this.#options;
    await rm(path, { force: true });
    const child = spawn(socat, [`PTY,link=${path},rawer`, "STDIO"], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    let said = "";
    child.stderr.on("data", (text: Buffer) => (said = (said + text.toString()).slice(-500)));
    const conversation = new Conversation(rtuFraming, units, clock, (bytes) => {
      if (child.stdin.writable) child.stdin.write(bytes);
    });
    this.#conversation = conversation;
    child.stdin.on("error", () => undefined);
    child.stdout.on("data", (bytes: Buffer) => {
      clearTimeout(this.#silence);
      conversation.receive(bytes);
      this.#silence = setTimeout(() => {
        conversation.silence();
      }, silenceMs);
    });
    await this.#untilReady(child, () => said);
  }

  /** A device without power or with a cut line is silent; the terminal of the client stays, as an adapter does. */
  async stop(): Promise<void> {
    clearTimeout(this.#silence);
    this.#conversation?.close();
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => {
        resolve();
      });
    });
    child.kill("SIGTERM");
    await ended;
    await rm(this.#options.path, { force: true });
  }

  async #untilReady(child: ChildProcess, said: () => string): Promise<void> {
    let failure: Error | undefined;
    child.once("error", (cause) => (failure = cause));
    child.once("exit", (code) => {
      failure ??= new Error(`socat ended with ${code ?? "a signal"}: ${said().trim()}`);
    });
    const { clock, path } = this.#options;
    const untilMs = clock.monotonicMs() + readyMs;
    while (!existsSync(path)) {
      if (child.exitCode !== null || failure !== undefined || clock.monotonicMs() > untilMs) {
        child.kill("SIGKILL");
        this.#child = undefined;
        throw new SerialLineUnavailable(`no pseudo-terminal could be made at ${path}`, {
          cause: failure ?? new Error(said()),
        });
      }
      // A real wait: the child lives in real time, whatever the plant's clock plays.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
