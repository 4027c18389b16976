import { type LiveStore, type ValueState } from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { AssetMark } from "./asset-mark.tsx";
import { assetViews } from "./assets.ts";
import { tileTagsOf, type Machine } from "./machines.ts";
import { say, sayCount } from "./messages.ts";

/** The worst of a machine's values in words: nothing to say is said shortly, in grey. */
export function MachineState(props: {
  readonly store: LiveStore;
  readonly machine: Machine;
  /** One line on a tile: the worst, and how many more. */
  readonly brief?: boolean;
}): JSX.Element {
  const { store, machine, brief = false } = props;
  const spoken = machine.indicators.length > 0 ? machine.indicators : tileTagsOf(machine);
  const words = useComputed(() => stateWords(store, spoken, brief));
  const quiet = useComputed(() => words.value.quiet);
  const text = useComputed(() => words.value.text);
  // That no value is bad is no news beside an anomaly, and the line of a tile has no room for both.
  const isAnomaly = useComputed(
    () => brief && quiet.value && assetViews.value.get(machine.name)?.episode !== undefined,
  );
  return (
    <p class="machine-state" data-quiet={quiet.value && !isAnomaly.value}>
      {brief && <AssetMark asset={machine.name} brief={isAnomaly.value ? "alone" : "followed"} />}
      {isAnomaly.value ? null : text}
    </p>
  );
}

function stateWords(
  store: LiveStore,
  tags: readonly LiveTag[],
  brief: boolean,
): { readonly text: string; readonly quiet: boolean } {
  const counts: Record<ValueState, number> = {
    good: 0,
    uncertain: 0,
    stale: 0,
    bad: 0,
    missing: 0,
  };
  let outside = 0;
  let ranged = 0;
  for (const tag of tags) {
    const view = store.view(tag);
    counts[view.state] += 1;
    if (view.range !== "unknown") ranged += 1;
    if (view.range === "above" || view.range === "below") outside += 1;
  }
  if (counts.missing === tags.length) return { text: say("asset.waiting"), quiet: true };
  const outsideId = brief ? "tile.outside" : "asset.outside";
  const parts = [
    ...(outside > 0 ? [{ count: outside, text: sayCount(outsideId, outside) }] : []),
    ...(["bad", "stale", "uncertain", "missing"] as const)
      .filter((state) => counts[state] > 0)
      .map((state) => ({ count: counts[state], text: sayCount(`asset.${state}`, counts[state]) })),
  ];
  if (parts.length > 0) {
    return {
      text: brief ? worstOf(parts) : parts.map(({ text }) => text).join(", "),
      quiet: false,
    };
  }
  // "Normal" is only said of values that have a range to be in.
  if (ranged === tags.length) return { text: say("asset.ok"), quiet: true };
  return { text: say("asset.all-ok", { count: String(tags.length) }), quiet: true };
}

/** The first of them is the worst. A tile keeps its height, so the values with other troubles are only counted. */
function worstOf(parts: readonly { readonly count: number; readonly text: string }[]): string {
  const [worst, ...others] = parts;
  const more = others.reduce((sum, { count }) => sum + count, 0);
  const text = worst?.text ?? "";
  return more === 0 ? text : say("tile.more", { worst: text, count: String(more) });
}
