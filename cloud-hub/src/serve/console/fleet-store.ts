/** The list of gateways as the hub tells it. Every event is the whole list, so nothing can be missed. */
import {
  GatewayTime,
  LiveStream,
  stampOf,
  type EventDoor,
  type LinkView,
  type PageClock,
} from "@millwright/ui-kit";
import { batch, signal, type Signal } from "@preact/signals";
import type { GatewayRow } from "@millwright/wire-contract";

export class FleetStore {
  /** undefined until the first list came. */
  readonly rows: Signal<readonly GatewayRow[] | undefined> = signal<
    readonly GatewayRow[] | undefined
  >(undefined);
  readonly link: Signal<LinkView> = signal<LinkView>({ kind: "opening" });
  readonly lost: Signal<boolean> = signal(false);
  /** The hub's clock in steps of a second, µs. */
  readonly secondUs: Signal<number> = signal(0);

  readonly #clock: PageClock;
  readonly #time = new GatewayTime();
  readonly #stream: LiveStream;

  constructor(clock: PageClock, open: (address: string) => EventDoor) {
    this.#clock = clock;
    this.#stream = new LiveStream({
      clock,
      open,
      events: ["gateways", "beat"],
      sequenced: false,
      onEvent: (name, data) => {
        this.#take(name, data);
      },
      onLink: (link) => {
        batch(() => {
          this.link.value = link;
          this.lost.value = link.kind === "lost";
        });
      },
    });
  }

  /** Listens while the list is on the screen; another screen has a stream of its own. */
  listen(wanted: boolean): void {
    if (wanted) this.#stream.show("/api/gateways/live");
    else this.#stream.stop();
  }
  hide(hidden: boolean): void {
    this.#stream.hide(hidden);
  }
  retryNow(): void {
    this.#stream.retryNow();
  }
  tick(): void {
    this.#stream.tick();
    const nowUs = this.#time.nowUs(this.#clock.monotonicMs());
    if (Math.floor(nowUs / 1e6) !== Math.floor(this.secondUs.peek() / 1e6)) {
      this.secondUs.value = nowUs;
    }
  }

  #take(name: string, data: unknown): void {
    // Beats carry the hub's clock. Until the first, the device's own is the best there is.
    const nowUs = stampOf(data).nowUs;
    const heardUs =
      nowUs ?? (this.secondUs.peek() === 0 ? this.#clock.wallMs() * 1_000 : undefined);
    if (heardUs !== undefined) this.#time.hear(heardUs, this.#clock.monotonicMs());
    batch(() => {
      if (name === "gateways") this.rows.value = data as readonly GatewayRow[];
      this.lost.value = false;
      this.link.value = { kind: "live", ageMs: 0 };
      this.secondUs.value = this.#time.nowUs(this.#clock.monotonicMs());
    });
  }
}
