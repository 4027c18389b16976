/** Which samples and which proofs go to which inputs of which bundles: by tag, and by device. */
import type { DeviceId } from "@millwright/wire-contract";

import type { SampleBatch, TagView } from "../../hand-over.ts";
import type { BundleWatch } from "./bundle-watch.ts";

interface Route {
  readonly watch: BundleWatch;
  readonly input: number;
  readonly index: number;
}

/** In `#watchOf`: no bundle takes the tag, or several do. */
const nobody = -1;
const several = -2;

export class SampleRoutes {
  readonly #current: TagView;
  readonly #watches: readonly BundleWatch[];
  readonly #byTag: (Route[] | undefined)[] = [];
  readonly #byDevice = new Map<DeviceId, Route[]>();
  /** By tag: place of the one watch that takes it, and as which input. */
  readonly #watchOf: Int32Array;
  readonly #inputOf: Int32Array;

  constructor(current: TagView, watches: readonly BundleWatch[]) {
    this.#current = current;
    this.#watches = watches;
    for (const watch of watches) {
      for (const route of routesOf(watch)) {
        (this.#byTag[route.index] ??= []).push(route);
        const device = watch.inputs[route.input]?.tag?.device;
        if (device === undefined) continue;
        const known = this.#byDevice.get(device);
        if (known === undefined) this.#byDevice.set(device, [route]);
        else known.push(route);
      }
    }
    this.#watchOf = new Int32Array(this.#byTag.length).fill(nobody);
    this.#inputOf = new Int32Array(this.#byTag.length);
    for (const [place, watch] of watches.entries()) {
      for (const { index, input } of routesOf(watch)) {
        this.#watchOf[index] = this.#byTag[index]?.length === 1 ? place : several;
        this.#inputOf[index] = input;
      }
    }
  }

  /** Neighbouring inputs of one watch come side by side, and go to it together. */
  take(batch: SampleBatch): void {
    const { count, tag } = batch;
    const [watchOf, inputOf] = [this.#watchOf, this.#inputOf];
    for (let row = 0; row < count;) {
      const index = tag[row] ?? -1;
      const place = watchOf[index] ?? nobody;
      if (place < 0) {
        if (place === several) this.#takeOne(batch, row);
        row++;
        continue;
      }
      const input = inputOf[index] ?? 0;
      let end = row + 1;
      for (; end < count; end++) {
        const next = tag[end] ?? -1;
        if (watchOf[next] !== place || inputOf[next] !== input + end - row) break;
      }
      this.#watches[place]?.pushRun(input, batch, row, end);
      row = end;
    }
  }

  #takeOne({ tag, measuredUs, value, status }: SampleBatch, row: number): void {
    for (const { watch, input } of this.#byTag[tag[row] ?? -1] ?? []) {
      watch.push(input, measuredUs[row] ?? NaN, value[row] ?? NaN, status[row] ?? 0);
    }
  }

  /** What a device said last still holds: all of it, or that of these tags. */
  prove(device: DeviceId, atUs: number, indices?: readonly number[]): void {
    const routes =
      indices === undefined
        ? (this.#byDevice.get(device) ?? [])
        : indices.flatMap((index) => this.#byTag[index] ?? []);
    for (const { watch, input, index } of routes) {
      watch.holdUntil(input, atUs + this.#current.freshForUs(index));
    }
  }
}

/**
 * What is known of the inputs when a bundle begins to watch: a value that came before it, and does not change, would never
 * come to it otherwise. The newest first, because what is older than the first row is kept and makes none.
 */
export function seed(watch: BundleWatch, current: TagView): void {
  const known = routesOf(watch)
    .filter(({ index }) => typeof current.value(index) === "number")
    .toSorted((a, b) => current.measuredUs(b.index) - current.measuredUs(a.index));
  for (const { input, index } of known) {
    watch.push(
      input,
      current.measuredUs(index),
      Number(current.value(index)),
      current.status(index),
    );
    const confirmedUs = current.confirmedUs(index);
    if (confirmedUs > 0) watch.holdUntil(input, confirmedUs + current.freshForUs(index));
  }
}

function routesOf(watch: BundleWatch): readonly Route[] {
  return watch.inputs.flatMap(({ tag }, input) =>
    tag === undefined ? [] : [{ watch, input, index: tag.index }],
  );
}
