/**
 * One server-sent-event stream for a visible page. The browser's own reconnecting is not used: it says neither when
 * it will try nor that it missed something. Here a hole in the sequence, a silence or an ended connection closes the
 * stream, and every opening begins with a snapshot, so there is one way to become current.
 */
import { judgeLink, lostAfterMs, type LinkView } from "./link-view.ts";
import type { PageClock } from "./page-clock.ts";

/** What is needed of the browser's EventSource. */
export interface EventDoor {
  addEventListener(name: string, listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

/** The sequence and the gateway's clock of an event, where it carries them. */
export interface Stamped {
  readonly seq?: number;
  readonly nowUs?: number;
}

export interface LiveStreamOptions {
  readonly clock: PageClock;
  readonly open: (address: string) => EventDoor;
  /** Events to listen to; the first is the one that makes the page current ("snapshot"). */
  readonly events: readonly [first: string, ...others: string[]];
  /** Each event carries the number after that of the one before; without numbers, each event says everything. */
  readonly sequenced: boolean;
  readonly onEvent: (name: string, data: unknown) => void;
  readonly onLink: (link: LinkView) => void;
  /** The stream is there again after it had ended: whoever answers now may not be who answered before. */
  readonly onReturn?: () => void;
}

/** The gateway must show again within 2 s of listening (V8), so no wait is longer than half of that; the first is short. */
const retryAfterMs = [500, 1_000] as const;
/** A wall clock that ran ahead by this much between two ticks means that the device slept. */
const sleptMs = 5_000;

export class LiveStream {
  readonly #options: LiveStreamOptions;
  #address: string | undefined;
  #door: EventDoor | undefined;
  #seq: number | undefined;
  #startedMs: number;
  #openedMs = 0;
  #heardMs: number | undefined;
  #retryAtMs: number | undefined;
  #tries = 0;
  #broken = false;
  #hidden = false;
  #tickMs: number;
  #tickWallMs: number;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
    this.#tickMs = this.#startedMs;
    this.#tickWallMs = options.clock.wallMs();
  }

  /** Opens the stream at another address; the same address changes nothing. */
  show(address: string): void {
    if (address === this.#address) return;
    this.#address = address;
    this.#tries = 0;
    if (!this.#hidden) this.#open();
  }

  /** A hidden page holds no connection: a browser has few of them for one origin, and nobody looks. */
  hide(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    if (hidden) {
      this.#close();
      this.#retryAtMs = undefined;
      return;
    }
    this.#startedMs = this.#options.clock.monotonicMs();
    this.#tries = 0;
    if (this.#address !== undefined) this.#open();
    this.tick();
  }

  retryNow(): void {
    if (this.#address !== undefined && !this.#hidden) this.#open();
    this.tick();
  }

  /** Called a few times a second: judges the link, tries again when it is time. */
  tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const wallMs = this.#options.clock.wallMs();
    const sleptForMs = wallMs - this.#tickWallMs - (nowMs - this.#tickMs);
    this.#tickMs = nowMs;
    this.#tickWallMs = wallMs;
    if (this.#hidden || this.#address === undefined) return;
    if (sleptForMs > sleptMs) {
      // What stood on the screen before the sleep must not pass for live until the snapshot comes.
      if (this.#heardMs !== undefined) this.#heardMs = nowMs - Math.max(sleptForMs, lostAfterMs);
      this.#open();
    } else if (this.#retryAtMs !== undefined && nowMs >= this.#retryAtMs) {
      this.#open();
    } else if (this.#door !== undefined && nowMs - this.#lastSignMs() > lostAfterMs) {
      // Neither an event nor an error: the network swallowed the connection.
      this.#fail();
    }
    this.#tell();
  }

  stop(): void {
    this.#close();
    this.#address = undefined;
    this.#retryAtMs = undefined;
  }

  #lastSignMs(): number {
    return Math.max(this.#openedMs, this.#heardMs ?? 0);
  }

  #open(): void {
    this.#close();
    this.#retryAtMs = undefined;
    this.#seq = undefined;
    this.#openedMs = this.#options.clock.monotonicMs();
    const door = this.#options.open(this.#address ?? "");
    this.#door = door;
    const first = this.#options.events[0];
    for (const name of this.#options.events) {
      door.addEventListener(name, (event) => {
        // Events of a door that was closed meanwhile may still be under way.
        if (this.#door === door) this.#take(name, event.data, name === first);
      });
    }
    door.addEventListener("error", () => {
      if (this.#door === door) this.#fail();
    });
  }

  #take(name: string, text: unknown, first: boolean): void {
    const data: unknown = typeof text === "string" ? JSON.parse(text) : undefined;
    const seq = this.#options.sequenced ? stampOf(data).seq : undefined;
    if (seq !== undefined) {
      if (!first && this.#seq !== undefined && seq !== this.#seq + 1) {
        // Something was missed. A new snapshot says what, without asking which.
        this.#open();
        return;
      }
      this.#seq = seq;
    }
    this.#heardMs = this.#options.clock.monotonicMs();
    this.#tries = 0;
    const returned = this.#broken;
    this.#broken = false;
    this.#options.onEvent(name, data);
    if (returned) this.#options.onReturn?.();
  }

  #fail(): void {
    this.#close();
    this.#broken = true;
    const waitMs = retryAfterMs[Math.min(this.#tries, retryAfterMs.length - 1)] ?? retryAfterMs[0];
    this.#tries += 1;
    this.#retryAtMs = this.#options.clock.monotonicMs() + waitMs;
    this.#tell();
  }

  #close(): void {
    this.#door?.close();
    this.#door = undefined;
  }

  #tell(): void {
    this.#options.onLink(
      judgeLink({
        nowMs: this.#options.clock.monotonicMs(),
        startedMs: this.#startedMs,
        heardMs: this.#heardMs,
        broken: this.#broken,
        retryAtMs: this.#retryAtMs,
      }),
    );
  }
}

/** What an event says about its place and time; nothing for one that carries neither. */
export function stampOf(data: unknown): Stamped {
  return typeof data === "object" && data !== null && !Array.isArray(data) ? data : {};
}
