import type { GatewayOrder, TagAnswer } from "@millwright/wire-contract";

import type { FetchedPiece, HeldOrder, OrderBook, OrderProgress } from "../hand-over.ts";

/** For the tests of this folder: orders in memory; an answer is so many pieces of so many bytes. */
export class TestOrders implements OrderBook {
  #held: readonly HeldOrder[] = [];
  pieces = 3;
  pieceBytes = 1_000;
  answered: number[] = [];
  told = 0;
  marginUs = 10_000_000;
  /** What a piece becomes. */
  seal: () => void = () => undefined;

  held(): readonly HeldOrder[] {
    return this.#held;
  }

  times({ order: { kind, toUs } }: HeldOrder): { answersUs: number; endsUs: number } {
    return { answersUs: toUs, endsUs: kind === "recording" ? toUs + this.marginUs : toUs };
  }

  want(orders: readonly GatewayOrder[]): Promise<void> {
    this.#held = orders.map((order) => {
      const held = this.#held.find((one) => one.order.id === order.id);
      return { order, progress: held?.progress ?? beginning(order) };
    });
    return Promise.resolve();
  }

  move(id: number, state: OrderProgress["state"]): Promise<void> {
    this.#change(id, { state });
    return Promise.resolve();
  }

  tellAll(): Promise<void> {
    this.told++;
    return Promise.resolve();
  }

  fetched(id: number, { tag, atUs, last }: FetchedPiece): Promise<void> {
    this.#change(id, { tag, atUs, ...(last ? { state: "answering" as const } : {}) });
    return Promise.resolve();
  }

  answer(id: number): Promise<{ bytes: number; last: boolean }> {
    this.answered.push(id);
    this.seal();
    const pieces = this.answered.filter((one) => one === id).length;
    this.#change(id, { bytes: pieces * this.pieceBytes });
    return Promise.resolve({ bytes: this.pieceBytes, last: pieces >= this.pieces });
  }

  compare(id: number): Promise<void> {
    const tags = this.#held.find(({ order }) => order.id === id)?.order.tags ?? [];
    const answers = tags.map((tag): TagAnswer => ({ tag, samples: 0, fromUs: 0, digest: "" }));
    this.#change(id, { state: "answered", tags: answers });
    return Promise.resolve();
  }

  stateOf(id: number): OrderProgress["state"] | undefined {
    return this.#held.find(({ order }) => order.id === id)?.progress.state;
  }

  #change(id: number, change: Partial<OrderProgress>): void {
    this.#held = this.#held.map((one) =>
      one.order.id === id ? { ...one, progress: { ...one.progress, ...change } } : one,
    );
  }
}

function beginning({ fromUs }: GatewayOrder): OrderProgress {
  const place = { receivedUs: 0, tag: 0, atUs: fromUs, samples: 0, bytes: 0 };
  return { ...place, state: "waiting", note: "" };
}
