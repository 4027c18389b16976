/**
 * A server program that lives as long as the hub. It is started in a session of its own, because a Ctrl-C in the
 * terminal must reach the hub first: it stores what it has accepted while its children still work. So a child outlives
 * a hub that was killed, and the next start finds it again by the process number that the program itself wrote down,
 * the port that we wrote down, and a folder or a file that nobody else works with; never by the name of a program alone,
 * which other people run too, and never by a number alone, which may be somebody else's by now.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

import {
  Backoff,
  freePort,
  messageChain,
  type Clock,
  type Log,
  type Random,
  type Service,
} from "@millwright/kit";

import { ChildFailed, ChildKilled, PortTaken } from "./child-faults.ts";
import { holderOf, isAnswering } from "./ports.ts";
import { isRunning, signalTo } from "./process-table.ts";
import { writeSecret } from "./secret-file.ts";

export interface ChildCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Absent: the user of the hub. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly environment: Readonly<Record<string, string>>;
}

/** What has to be known about a program to keep it. */
export interface ChildProgram {
  readonly name: string;
  /** Ours alone; holds `port` and `output.log`. */
  readonly folder: string;
  /** Where the program itself writes its process number, in the first line. */
  readonly pidFile: string;
  /** Whether the process with this number, which was once written down, is this program at our data. */
  isOurs(pid: number): boolean;
  readonly chosenPort: number | undefined;
  /** Asks for an orderly end, and insists on one. */
  readonly stopSignal: NodeJS.Signals;
  readonly insistSignal: NodeJS.Signals;
  /** Makes the files that the program needs. Called before each start. */
  prepare(port: number): Promise<void>;
  /** Would a process that still runs do as it is? */
  fits(port: number): boolean;
  command(port: number): ChildCommand;
  /** True when it serves on the port. */
  ready(port: number): Promise<boolean>;
}

export interface KeptChildContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Longest time to come up: a database that recovers after a power cut replays its log first. */
const startMaxMs = 60_000;
const stopMaxMs = 10_000;
/** A keeper looks so often whether its program still runs: one that ended is back within a second or two. */
export const keeperLooksMs = 250;
/** A file of output larger than this is put aside at a start; programs are set to write a line only for trouble. */
const outputBytesMax = 4 * 2 ** 20;
/** A fault quotes so much of what a program said at its end, in characters: some lines of a database. */
const saidMax = 600;
/** A free port can be taken by somebody else before the child has it. That it happens three times is no accident. */
const portTriesMax = 3;
/** A program that is killed so often while it comes up is killed on purpose, and a person has to know. */
const killedTriesMax = 5;

export class KeptChild implements Service {
  readonly name: string;
  readonly broken: Promise<never>;
  readonly #program: ChildProgram;
  readonly #context: KeptChildContext;
  readonly #stopping = new AbortController();
  #keeping: Promise<void> = Promise.resolve();
  #pid = 0;
  #port = 0;
  #adopted = false;
  #ends = 0;
  #serving = false;

  constructor(program: ChildProgram, context: KeptChildContext) {
    this.name = program.name;
    this.#program = program;
    this.#context = { ...context, log: context.log.child({ child: program.name }) };
    // A child that ends by itself is started again for as long as it takes, so this service never breaks.
    this.broken = new Promise<never>(() => undefined);
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#pid;
  }

  /** It runs and has said that it is ready. */
  get serving(): boolean {
    return this.#serving && isRunning(this.#pid);
  }

  /** How often it ended by itself since the start. */
  get ends(): number {
    return this.#ends;
  }

  /** True when the process was there before this hub. */
  get adopted(): boolean {
    return this.#adopted;
  }

  async start(): Promise<void> {
    mkdirSync(this.#program.folder, { recursive: true });
    if (!(await this.#adopt())) {
      await this.#endPredecessor();
      await this.#startPatiently();
    }
    this.#serving = true;
    this.#keeping = this.#keep(this.#stopping.signal);
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    await this.#keeping;
    if (this.#pid !== 0) await this.#end(this.#pid, deadline);
  }

  /** Ends the looking after it and leaves it running: it belongs to somebody else. */
  letGo(): void {
    this.#stopping.abort();
  }

  async #adopt(): Promise<boolean> {
    const pid = this.#recordedPid();
    const port = this.#recordedPort();
    if (pid === undefined || port === undefined) return false;
    if ((this.#program.chosenPort ?? port) !== port || !this.#program.fits(port)) return false;
    if (!(await this.#program.ready(port))) return false;
    this.#pid = pid;
    this.#port = port;
    this.#adopted = true;
    this.#context.log.info("children.found-again", { pid, port });
    return true;
  }

  /** Two servers on one folder would destroy it, so one that cannot be used is ended before the next is started. */
  async #endPredecessor(): Promise<void> {
    const pid = this.#recordedPid();
    if (pid === undefined) return;
    this.#context.log.info("children.predecessor-ended", { pid });
    await this.#end(pid, AbortSignal.timeout(stopMaxMs));
  }

  /**
   * Who is killed while it comes up is started again, as it is later on. One that ends by itself at its first start
   * would do so again: that is said at once. After a kill it may only be in the way of its own remains for a moment.
   */
  async #startPatiently(): Promise<void> {
    const { clock, random, log } = this.#context;
    const backoff = new Backoff(200, 2_000, random);
    let killed = false;
    for (;;) {
      try {
        await this.#startOnSomePort();
        return;
      } catch (failure) {
        killed ||= failure instanceof ChildKilled;
        if (!killed || !(failure instanceof ChildFailed)) throw failure;
        if (backoff.tries === killedTriesMax) throw failure;
        log.warn("children.killed-at-start", { reason: messageChain(failure) });
        await clock.sleep(backoff.nextMs(), this.#stopping.signal);
      }
    }
  }

  async #startOnSomePort(): Promise<void> {
    const { chosenPort, name } = this.#program;
    for (let attempt = 1; ; attempt++) {
      let port = chosenPort ?? this.#recordedPort() ?? (await freePort());
      if (await isAnswering(port)) {
        if (chosenPort !== undefined) throw new PortTaken(name, port, holderOf(port));
        port = await freePort();
      }
      try {
        await this.#startOn(port, this.#stopping.signal);
        return;
      } catch (failure) {
        const taken = await isAnswering(port);
        if (!taken) throw failure;
        if (chosenPort !== undefined) throw new PortTaken(name, port, holderOf(port));
        if (attempt === portTriesMax) throw failure;
      }
    }
  }

  async #startOn(port: number, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const program = this.#program;
    await program.prepare(port);
    // Written before the program runs: a hub that is killed in between finds the port with the process. On the disk, too:
    // after a power cut gateways look for the broker where they have found it.
    if (this.#recordedPort() !== port) writeSecret(this.#portFile, `${port}\n`);
    const outputBytes = this.#outputBytes;
    const { pid, ended } = this.#spawn(program.command(port));
    const endMs = clock.monotonicMs() + startMaxMs;
    // From here on `stop` has something to end, also when it comes while the program is still starting.
    this.#pid = pid;
    this.#port = port;
    while (!(await program.ready(port))) {
      if (ended.done) {
        const Failure = ended.killed ? ChildKilled : ChildFailed;
        const how = [ended.how, ...this.#saidAfter(outputBytes)].join(": ");
        throw new Failure(program.name, `ended at its start, ${how}`, this.#output);
      }
      if (clock.monotonicMs() > endMs) {
        await this.#end(pid, AbortSignal.timeout(stopMaxMs));
        throw new ChildFailed(
          program.name,
          `was not ready after ${startMaxMs / 1_000} s`,
          this.#output,
        );
      }
      await clock.sleep(50, signal);
    }
    this.#adopted = false;
    log.info("children.started", { pid, port });
  }

  #spawn(command: ChildCommand): { pid: number; ended: ChildEnd } {
    const output = this.#openOutput();
    const child = spawn(command.program, command.args, {
      cwd: command.cwd,
      env: command.environment,
      stdio: ["ignore", output, output],
      detached: true,
      ...command.user,
    });
    closeSync(output);
    const ended: ChildEnd = { done: false, killed: false, how: "" };
    child.once("exit", (code, signal) => {
      ended.done = true;
      ended.killed = signal !== null;
      ended.how = signal === null ? `exit code ${code ?? 0}` : `by ${signal}`;
    });
    child.once("error", (failure) => {
      ended.done = true;
      ended.how = failure.message;
    });
    // It is waited for by its process number, the same way as one that was found again.
    child.unref();
    return { pid: child.pid ?? 0, ended };
  }

  /** Starts the program again whenever it ends, on the same port, because its clients know that one. */
  async #keep(stopping: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#context;
    const backoff = new Backoff(200, 10_000, random);
    try {
      for (;;) {
        while (isRunning(this.#pid)) await clock.sleep(keeperLooksMs, stopping);
        const downMs = clock.monotonicMs();
        log.warn("children.ended", { pid: this.#pid });
        this.#pid = 0;
        this.#serving = false;
        this.#ends++;
        while (this.#pid === 0) {
          await clock.sleep(backoff.nextMs(), stopping);
          await this.#startOn(this.#port, stopping).catch((failure: unknown) => {
            if (stopping.aborted) throw failure;
            this.#pid = 0;
            log.error("children.start-failed", {
              reason: messageChain(failure),
              tries: backoff.tries,
            });
          });
        }
        this.#serving = true;
        backoff.succeeded();
        log.info("children.back", { downMs: Math.round(clock.monotonicMs() - downMs) });
      }
    } catch (failure) {
      if (!stopping.aborted) log.error("children.keeper-failed", { reason: messageChain(failure) });
    }
  }

  async #end(pid: number, deadline: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const limit = AbortSignal.any([deadline, AbortSignal.timeout(stopMaxMs)]);
    signalTo(pid, this.#program.stopSignal);
    try {
      while (isRunning(pid)) await clock.sleep(20, limit);
    } catch {
      signalTo(pid, this.#program.insistSignal);
      // Bounded: nothing survives SIGKILL for long, and the database's immediate end only aborts its processes.
      for (let wait = 0; wait < 100 && isRunning(pid); wait++) {
        if (wait === 50) signalTo(pid, "SIGKILL");
        await clock.sleep(20, new AbortController().signal);
      }
    }
  }

  /** The process that the program's own file names, if it runs and is ours. */
  #recordedPid(): number | undefined {
    const pid = firstNumber(this.#program.pidFile);
    if (pid === undefined || !isRunning(pid)) return undefined;
    return this.#program.isOurs(pid) ? pid : undefined;
  }

  #recordedPort(): number | undefined {
    return firstNumber(this.#portFile);
  }

  get #portFile(): string {
    return join(this.#program.folder, "port");
  }

  get #output(): string {
    return join(this.#program.folder, "output.log");
  }

  get #outputBytes(): number {
    return statSync(this.#output, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The last of what the program has said since its output had so many bytes: why it ended. */
  #saidAfter(bytes: number): readonly string[] {
    // The file is new when the one before was put aside.
    const from = bytes > outputBytesMax ? 0 : bytes;
    const said = readFileSync(this.#output).subarray(from).toString("utf8").trim();
    return said === "" ? [] : [said.replaceAll(/\s*\n\s*/g, "; ").slice(-saidMax)];
  }

  #openOutput(): number {
    if (this.#outputBytes > outputBytesMax) renameSync(this.#output, `${this.#output}.old`);
    return openSync(this.#output, "a", 0o600);
  }
}

interface ChildEnd {
  done: boolean;
  /** By a signal. */
  killed: boolean;
  how: string;
}

function firstNumber(file: string): number | undefined {
  try {
    const number = Number.parseInt(readFileSync(file, "utf8"), 10);
    return Number.isInteger(number) && number > 0 ? number : undefined;
  } catch {
    return undefined;
  }
}
