/** Which samples and which proofs go to which inputs of which bundles: by tag, and by device. */
import type { DeviceId } from "@millwright/wire-contract";

import type { SampleBatch, TagView } from "../../hand-over.ts";
import type { BundleWatch } from "./bundle-watch.ts";

interface Route {
  readonly watch: BundleWatch;
  readonly input: number;
  readonly index: number;
}

export class SampleRoutes {
  readonly #current: TagView;
  readonly #byTag: (Route[] | undefined)[] = [];
  readonly #byDevice = new Map<DeviceId, Route[]>();

  constructor(current: TagView, watches: readonly BundleWatch[]) {
    this.#current = current;
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
  }

  take({ count, tag, measuredUs, value, status }: SampleBatch): void {
    for (let row = 0; row < count; row++) {
      const routes = this.#byTag[tag[row] ?? -1];
      if (routes === undefined) continue;
      for (const { watch, input } of routes) {
        watch.push(input, measuredUs[row] ?? NaN, value[row] ?? NaN, status[row] ?? 0);
      }
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
