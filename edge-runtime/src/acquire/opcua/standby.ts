import { Backoff, hintOf, messageChain, type Clock, type Log, type Random } from "@millwright/kit";

import { isAborted } from "./aborted.ts";
import type { Channel } from "./channel.ts";
import { toOpenFault } from "./faults.ts";
import type { Library } from "./library.ts";
import { meetServer, type MetServer } from "./meet-server.ts";
import type { Notes } from "./notes.ts";
import type { HeldSession } from "./open-conversation.ts";
import { healthOf, type Health } from "./redundancy.ts";
import { readValues, serverNodes } from "./server-facts.ts";
import { createSession, type Session } from "./session.ts";
import type { OpcuaSettings } from "./settings.ts";

/** A level that falls is known after a second; more often it would only be load for the server that waits. */
const lookEveryMs = 1_000;
const firstRetryMs = 500;
/** A server that is away is tried for ever, and costs little meanwhile. */
const lastRetryMs = 15_000;

export interface StandbyParts {
  readonly library: Library;
  readonly device: string;
  /** Of the server that stands by: `url` is its address. */
  readonly settings: OpcuaSettings;
  readonly stateFolder: string;
  readonly trustFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly notes: Notes;
  /** Called when the health has changed. */
  readonly changed: () => void;
}

/**
 * Holds a session to the server that does not report, and asks it once a second how it is: when the other fails, nobody
 * has to be found, met and trusted first.
 */
export class Standby {
  readonly #parts: StandbyParts;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #held: HeldSession | undefined;
  #health: Health = "away";

  constructor(parts: StandbyParts) {
    this.#parts = parts;
    this.#say("is being looked for");
    this.#running = this.#run(this.#stop.signal);
  }

  get url(): string {
    return this.#parts.settings.url;
  }

  get health(): Health {
    return this.#health;
  }

  /** Hands over the session; the standby is over. Undefined when there is none at the moment. */
  async take(): Promise<HeldSession | undefined> {
    const held = this.#held;
    this.#held = undefined;
    await this.#halt();
    return held;
  }

  /** Takes back in the server what was made there. */
  async end(signal: AbortSignal): Promise<void> {
    const held = await this.take();
    if (held === undefined) return;
    if (!signal.aborted) await held.session.end(true).catch(() => undefined);
    held.session.channel.drop("it stood by");
  }

  async #halt(): Promise<void> {
    this.#stop.abort(new Error("nothing stands by any more"));
    await this.#running;
    this.#parts.notes.set("standby", "");
  }

  async #run(stop: AbortSignal): Promise<void> {
    const { clock, log, device, random } = this.#parts;
    const backoff = new Backoff(firstRetryMs, lastRetryMs, random);
    while (!stop.aborted) {
      try {
        await this.#hold(stop, () => {
          backoff.succeeded();
        });
      } catch (failure) {
        if (isAborted(stop)) break;
        const hint = hintOf(failure);
        this.#say(`is away: ${messageChain(failure)}${hint === undefined ? "" : `. ${hint}`}`);
        if (this.#health !== "away") log.warn("acquire.standby-away", { device, url: this.url });
        this.#turn("away");
      } finally {
        // Taken over, it belongs to somebody else.
        this.#held?.session.channel.drop("nothing stands by any more");
        this.#held = undefined;
      }
      await clock.sleep(backoff.nextMs(), stop).catch(() => undefined);
    }
  }

  /** Meets the server and looks at it until it is gone or taken over. */
  async #hold(stop: AbortSignal, met: () => void): Promise<void> {
    const { library, device, settings, clock } = this.#parts;
    let server: MetServer | undefined;
    let channel: Channel | undefined;
    let session: Session;
    try {
      server = await meetServer(this.#parts, stop);
      channel = await server.openChannel(stop);
      session = await createSession({ library, device, settings, ...server, channel });
    } catch (failure) {
      channel?.drop("the attempt has failed");
      throw toOpenFault(device, failure, server?.own);
    }
    const level = new library.NodeId(
      library.NodeId.NodeIdType.NUMERIC,
      serverNodes.serviceLevel,
      0,
    );
    this.#held = { server, session };
    for (;;) {
      const [said] = await readValues(library, session, [level], 1, "read");
      met();
      const value: unknown = said?.value.value;
      const known = typeof value === "number" ? value : undefined;
      this.#say(
        `stands by (${known === undefined ? "it states no level" : `service level ${known}`})`,
      );
      this.#turn(healthOf(known));
      await clock.sleep(lookEveryMs, stop);
    }
  }

  #turn(health: Health): void {
    if (this.#health === health) return;
    this.#health = health;
    this.#parts.changed();
  }

  #say(text: string): void {
    this.#parts.notes.set("standby", `the other server, ${this.url}, ${text}`);
  }
}
