import type { Clock } from "@millwright/kit";
import type { DeviceId, DeviceState, DeviceStatus } from "@millwright/wire-contract";

/** How a device is, in the words that pages show; each change is told. */
export class DeviceStanding {
  readonly #device: Pick<DeviceStatus, "device" | "name" | "protocol">;
  readonly #clock: Pick<Clock, "nowUs">;
  readonly #changed: () => void;
  #state: DeviceState = "connecting";
  #sinceUs: number;
  #confirmedUs = 0;
  #trouble = "";
  #note = "";
  #clockNote = "";
  #badge = "";

  constructor(
    device: { readonly id: DeviceId; readonly name: string; readonly protocol: string },
    clock: Pick<Clock, "nowUs">,
    changed: () => void,
  ) {
    this.#device = { device: device.id, name: device.name, protocol: device.protocol };
    this.#clock = clock;
    this.#changed = changed;
    this.#sinceUs = clock.nowUs();
  }

  /** Without what is told of its history. */
  get status(): DeviceStatus {
    return {
      ...this.#device,
      state: this.#state,
      sinceUs: this.#sinceUs,
      confirmedUs: this.#confirmedUs,
      note: [this.#trouble, this.#note, this.#clockNote].filter((text) => text !== "").join(". "),
      badge: this.#badge,
    };
  }

  /** Nothing was found of the clock behind its stamps. */
  get keepsTime(): boolean {
    return this.#clockNote === "";
  }

  /** @param trouble why it is so, and what to do; "" for none */
  turn(state: DeviceState, trouble: string): void {
    if (this.#state !== state) this.#sinceUs = this.#clock.nowUs();
    this.#state = state;
    this.#trouble = trouble;
    this.#changed();
  }

  /** All of its values were proven then. */
  proven(atUs: number): void {
    this.#confirmedUs = Math.max(this.#confirmedUs, atUs);
  }

  /** Of its driver; "" takes it back. */
  note(text: string): void {
    this.#note = text;
    this.#changed();
  }

  /** What was found of the clock behind its stamps, for as long as it holds; "" takes it back. */
  noteClock(text: string): void {
    if (text === this.#clockNote) return;
    this.#clockNote = text;
    this.#changed();
  }

  badge(text: string): void {
    this.#badge = text;
    this.#changed();
  }
}
