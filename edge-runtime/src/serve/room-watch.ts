/** How long the buffer has room, reckoned now and then, so that whoever looks at the link to the hub sees it beside. */
import { recurring, type Clock, type Service } from "@millwright/kit";

/** A forecast of hours does not change in less, and each one is a question to the thread that writes. */
const often = { everyMs: 10_000, firstMs: 10_000 };

export class RoomWatch {
  readonly service: Service;
  readonly #reckon: () => Promise<{ readonly shedsInS: number }>;
  #roomS: number | undefined;

  constructor(clock: Clock, reckon: () => Promise<{ readonly shedsInS: number }>) {
    this.#reckon = reckon;
    this.service = recurring("room watch", clock, often, () => this.#look());
  }

  /** Seconds until samples are let go that the hub does not have, at the rates of now; absent while that is not known or never comes. */
  get roomS(): number | undefined {
    return this.#roomS;
  }

  async #look(): Promise<void> {
    // A journal that cannot answer has told so itself, and the runtime ends with it.
    const forecast = await this.#reckon().catch(() => undefined);
    const roomS = forecast?.shedsInS ?? Infinity;
    this.#roomS = Number.isFinite(roomS) ? Math.round(roomS) : undefined;
  }
}
