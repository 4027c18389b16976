/**
 * Whether anything sets the gateway's own clock. One answer for all: frames say it of their stamps, and nothing is
 * quarantined against a clock that nothing has set (architecture 3).
 */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";

import { recurring, type Clock, type Log, type Service } from "@millwright/kit";

import type { GatewayClockState } from "../hand-over.ts";

/** Where the system says it. Named, so that a test can put its own there. */
export interface ClockTools {
  /** Touched by systemd-timesyncd at each answer of a time server. */
  readonly timesyncFile: string;
  /** Asks the kernel: true for chrony, ntpd, PTP and all others that tell the kernel of their success. */
  readonly timedatectl: string;
  /** For systems without systemd. */
  readonly chronyc: string;
}

export const systemTools: ClockTools = {
  timesyncFile: "/run/systemd/timesync/synchronized",
  timedatectl: "timedatectl",
  chronyc: "chronyc",
};

/** systemd-timesyncd asks every 34 min at most (2,048 s); three questions without an answer are a lost server. */
const timesyncMaxMs = 3 * 2_048_000;
/** A program that does not answer by then is not asked for longer: it would stand in the way of the next question. */
const answerMsMax = 2_000;

/** Asks what the system offers, in the order of cost. "unknown" where nothing can be asked, as in most containers. */
export async function readClockState(tools: ClockTools, nowUs: number): Promise<GatewayClockState> {
  const touchedMs = await stat(tools.timesyncFile).then(
    ({ mtimeMs }) => mtimeMs,
    () => -Infinity,
  );
  if (Math.abs(nowUs / 1_000 - touchedMs) < timesyncMaxMs) return "set";
  const kernel = await ask(tools.timedatectl, ["show", "--property=NTPSynchronized", "--value"]);
  if (kernel === "yes") return "set";
  if (kernel === "no") return "unset";
  const tracking = await ask(tools.chronyc, ["-c", "tracking"]);
  // The last of its columns is the leap status: "Normal", "Insert second", "Delete second", "Not synchronised".
  const leap = tracking?.split(",").at(-1) ?? "";
  if (/^(Normal|Insert second|Delete second)$/.test(leap)) return "set";
  return leap === "Not synchronised" ? "unset" : "unknown";
}

/** The first line that the program prints; undefined when it is not there, fails, or takes too long. */
function ask(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: answerMsMax, windowsHide: true }, (failure, out) => {
      resolve(failure === null ? out.split("\n")[0]?.trim() : undefined);
    });
  });
}

/** A server that is lost shows after minutes at the soonest; asking each minute costs a few ms of a process. */
const often = { everyMs: 60_000, firstMs: 0 };

export interface GatewayClockOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly tools: ClockTools;
}

/** Keeps asking. "unknown" until the first answer, which nobody waits for: a start must not. */
export class GatewayClock {
  readonly service: Service;
  readonly #options: GatewayClockOptions;
  #state: GatewayClockState = "unknown";
  #isAsked = false;
  #changed: (state: GatewayClockState) => void = () => undefined;

  constructor(options: GatewayClockOptions) {
    this.#options = options;
    this.service = recurring("gateway clock", options.clock, often, () => this.#ask());
  }

  get state(): GatewayClockState {
    return this.#state;
  }

  /** @param changed called at each change, and after the first answer; before the start */
  watch(changed: (state: GatewayClockState) => void): void {
    this.#changed = changed;
  }

  async #ask(): Promise<void> {
    const { clock, log, tools } = this.#options;
    const state = await readClockState(tools, clock.nowUs());
    if (this.#isAsked && state === this.#state) return;
    this.#isAsked = true;
    this.#state = state;
    log.info("edge.gateway-clock", { state });
    this.#changed(state);
  }
}

/** For the page; "" when there is nothing to say. */
export function gatewayClockWords(state: GatewayClockState): string {
  if (state === "set") return "";
  return state === "unset"
    ? "nothing sets the clock of this gateway, so its times may be wrong: name a time server to it"
    : "nothing here says whether the clock of this gateway is set";
}
