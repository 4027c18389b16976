/**
 * What the page knows now: one signal for each tag, and one that moves each second. Parts of the page write text and
 * `transform` when a signal moves; nothing is rendered again for a value (ux-guide 11).
 */
import { batch, signal, type Signal } from "@preact/signals";
import type {
  DeviceStatus,
  HubLink,
  LiveBeat,
  LiveChange,
  LiveNews,
  LiveSnapshot,
  LiveState,
  LiveTag,
  LiveValue,
} from "@millwright/wire-contract";

import { viewValue, type ValueView } from "./freshness.ts";
import type { LinkView } from "./link-view.ts";
import { LiveStream, stampOf, type EventDoor } from "./live-stream.ts";
import { GatewayTime, type PageClock } from "./page-clock.ts";

export interface LiveStoreOptions {
  readonly clock: PageClock;
  readonly open: (address: string) => EventDoor;
}

export class LiveStore {
  readonly link: Signal<LinkView> = signal<LinkView>({ kind: "opening" });
  readonly lost: Signal<boolean> = signal(false);
  /** The gateway's clock in whole seconds, µs: what ages are painted from. 0 before the first snapshot. */
  readonly secondUs: Signal<number> = signal(0);
  readonly devices: Signal<readonly DeviceStatus[]> = signal<readonly DeviceStatus[]>([]);
  readonly hub: Signal<HubLink | undefined> = signal<HubLink | undefined>(undefined);
  /** How far the clock of this device is ahead of the gateway's, ms. Ages are free of it. */
  readonly clockAheadMs: Signal<number> = signal(0);
  /** Counts snapshots, so that a chart knows when something may be missing. */
  readonly snapshots: Signal<number> = signal(0);
  /** Counts news of each topic ("alarms"), so that who shows it asks again. */
  readonly news: Signal<Readonly<Record<string, number>>> = signal({});
  /** Counts how often the stream came back after it had ended: the gateway may have other settings by then. */
  readonly returns: Signal<number> = signal(0);

  readonly #clock: PageClock;
  readonly #time = new GatewayTime();
  readonly #values = new Map<string, Signal<LiveValue | undefined>>();
  readonly #confirmed = new Map<string, number>();
  readonly #stream: LiveStream;

  constructor(options: LiveStoreOptions) {
    this.#clock = options.clock;
    this.#stream = new LiveStream({
      ...options,
      events: ["snapshot", "change", "state", "news", "beat"],
      sequenced: true,
      onEvent: (name, data) => {
        this.#take(name, data);
      },
      onLink: (link) => {
        this.#tell(link);
      },
      onReturn: () => {
        this.returns.value += 1;
      },
    });
  }

  /** Shows the stream at this address; each screen names the tags it holds. */
  show(address: string): void {
    this.#stream.show(address);
  }
  hide(hidden: boolean): void {
    this.#stream.hide(hidden);
  }
  retryNow(): void {
    this.#stream.retryNow();
  }
  stop(): void {
    this.#stream.stop();
  }

  /** Called a few times a second. */
  tick(): void {
    this.#stream.tick();
    this.#moveSecond();
  }

  value(tagId: string): Signal<LiveValue | undefined> {
    let found = this.#values.get(tagId);
    if (found === undefined) {
      found = signal<LiveValue | undefined>(undefined);
      this.#values.set(tagId, found);
    }
    return found;
  }

  /** How a tag is now. Inside an effect it is called again when the value, the second or the link moves. */
  view(tag: LiveTag): ValueView {
    return viewValue(tag, this.value(tag.id).value, {
      nowUs: this.secondUs.value,
      lost: this.lost.value,
      confirmedUs: this.#confirmed.get(tag.device) ?? 0,
    });
  }

  /** Makes the effect that calls it depend on all that `view` shows, without the work of a view. */
  watch(tag: LiveTag): readonly unknown[] {
    return [this.value(tag.id).value, this.secondUs.value, this.lost.value];
  }

  /** The gateway's clock, µs; 0 before anything was heard. */
  nowUs(): number {
    return this.#time.nowUs(this.#clock.monotonicMs());
  }

  /** When something was heard last, µs by the gateway's clock; 0 before anything was. */
  heardUs(): number {
    return this.#time.heardUs;
  }

  #take(name: string, data: unknown): void {
    const nowUs = stampOf(data).nowUs;
    if (nowUs !== undefined) this.#time.hear(nowUs, this.#clock.monotonicMs());
    batch(() => {
      // The contract between page and server is one package; both sides are built from it.
      if (name === "snapshot") this.#takeSnapshot(data as LiveSnapshot);
      else if (name === "change") this.#takeValues((data as LiveChange).values);
      else if (name === "state") this.#takeState(data as LiveState);
      else if (name === "news") this.#takeNews(data as LiveNews);
      else if (name === "beat") this.#takeBeat(data as LiveBeat);
      this.lost.value = false;
      this.#moveSecond();
    });
  }

  #takeSnapshot(snapshot: LiveSnapshot): void {
    this.clockAheadMs.value = this.#clock.wallMs() - snapshot.nowUs / 1_000;
    this.#takeValues(snapshot.values);
    this.#takeState(snapshot);
    this.snapshots.value += 1;
    this.link.value = { kind: "live", ageMs: 0 };
  }

  #takeValues(values: readonly LiveValue[]): void {
    for (const value of values) this.value(value.t).value = value;
  }

  #takeState(state: Pick<LiveState, "devices" | "hub">): void {
    this.devices.value = state.devices;
    this.hub.value = state.hub;
    for (const device of state.devices) this.#confirm(device.device, device.confirmedUs);
  }

  #takeNews({ topics }: LiveNews): void {
    const news = { ...this.news.peek() };
    for (const topic of topics) news[topic] = (news[topic] ?? 0) + 1;
    this.news.value = news;
  }

  #takeBeat(beat: LiveBeat): void {
    if (beat.hub !== undefined) this.hub.value = beat.hub;
    for (const [device, us] of Object.entries(beat.confirmed)) this.#confirm(device, us);
  }

  #confirm(device: string, us: number): void {
    if (us > (this.#confirmed.get(device) ?? 0)) this.#confirmed.set(device, us);
  }

  #tell(link: LinkView): void {
    batch(() => {
      this.link.value = link;
      this.lost.value = link.kind === "lost";
    });
  }

  #moveSecond(): void {
    const nowUs = this.nowUs();
    const second = Math.floor(nowUs / 1_000_000);
    // Not the whole second itself: a value measured 0.9 s ago must not get an age of nothing.
    if (second !== Math.floor(this.secondUs.peek() / 1_000_000)) this.secondUs.value = nowUs;
  }
}

/** The address of a live stream for these tags. */
export function liveAddress(base: string, tags: readonly string[]): string {
  const query = tags.map((tag) => encodeURIComponent(tag)).join(",");
  // Servers refuse request lines past 8 to 16 KB; without a list the stream carries all tags, which is right but more.
  return query === "" || query.length > 7_000 ? base : `${base}?tags=${query}`;
}
