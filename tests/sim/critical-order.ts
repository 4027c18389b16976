import type { MemoryStore } from "@millwright/cloud-hub/parts";
import type { Clock } from "@millwright/kit";
import type { GatewayId, Hello, HelloAnswer, RoadLane } from "@millwright/wire-contract";

/** After that a critical lane that stands does not keep history away any more (no-loss protocol 5). */
const waitsMs = 60_000;

/** The last hello of a connection, as the hub has answered it. */
export interface Greeting {
  readonly hello: Hello;
  readonly answer: HelloAnswer;
  readonly atMs: number;
}

/**
 * N7: after a hello, older critical frames are stored before that session sends history. A session ends where the
 * database becomes another one: what was stored is gone then, and the gateway cannot know before it is told.
 */
export class CriticalOrder {
  readonly #clock: Clock;
  readonly #store: MemoryStore;
  readonly breaches = new Set<string>();

  constructor(clock: Clock, store: MemoryStore) {
    this.#clock = clock;
    this.#store = store;
  }

  get nowMs(): number {
    return this.#clock.monotonicMs();
  }

  async publishing(
    gateway: GatewayId,
    lane: RoadLane,
    greeting: Greeting | undefined,
  ): Promise<void> {
    if (lane !== "history" || greeting === undefined) return;
    const { hello, answer, atMs } = greeting;
    if (answer.incarnation !== this.#store.current || this.nowMs - atMs >= waitsMs) return;
    const marks = await this.#store.marks(gateway);
    for (const { epoch, lanes } of hello.epochs) {
      const critical = lanes.find((one) => one.lane === "critical");
      const mark = marks.find((one) => one.epoch === epoch && one.lane === "critical");
      if ((critical?.headSeq ?? 0) <= (mark?.storedSeq ?? 0)) continue;
      this.breaches.add(
        `N7: ${gateway} sends history before what was critical at its hello is stored`,
      );
    }
  }
}
