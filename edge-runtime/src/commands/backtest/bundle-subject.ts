/** A model bundle as something to try: on each asset that it would watch, or on the one that is named. */
import { join, resolve } from "node:path";

import { silentLog } from "@millwright/kit";
import { BundleRefused, bundleTitle, loadBundle, type Bundle } from "@millwright/model-bundle";
import type { TagBook } from "@millwright/wire-contract";

import { ChartLine } from "../../decide/backtest/chart.ts";
import { SpanBook } from "../../decide/backtest/outcome.ts";
import { BundleScorer } from "../../detect/backtest/bundle-scorer.ts";
import { PlayedBundle } from "../../detect/backtest/played-bundle.ts";
import { hostFile } from "../../detect/host/host-file.ts";
import { findIsolation } from "../../detect/host/isolation.ts";
import { placeBundles, type Placement } from "../../detect/models/placement.ts";
import { watchPlan } from "../../detect/watch-plan.ts";
import type { Settings } from "../../settings/load-settings.ts";
import type { CommandContext } from "../command.ts";
import { isToldOnly, pastTag, type Subject } from "./subjects.ts";

export interface BundleSubjects extends AsyncDisposable {
  readonly subjects: readonly Subject[];
}

/**
 * @param asked a folder among those of `models.folder`, or a path with a slash in it; and an asset
 * @returns in words what is wrong with the question or with the bundle, or what is to be tried
 */
export async function openBundle(
  asked: { readonly bundle: string; readonly asset?: string },
  settings: Settings,
  book: TagBook,
  { clock, random }: Pick<CommandContext, "clock" | "random">,
): Promise<BundleSubjects | string> {
  const folder = asked.bundle.includes("/")
    ? resolve(asked.bundle)
    : join(settings.models.folder, asked.bundle);
  let bundle: Bundle;
  try {
    bundle = loadBundle(folder);
  } catch (failure) {
    if (failure instanceof BundleRefused) return `${failure.message}\n${failure.hint}`;
    throw failure;
  }
  const assets = asked.asset === undefined ? undefined : [asked.asset];
  const known = settings.models.bundles.find((each) => each.bundle === asked.bundle);
  const use = { bundle: asked.bundle, role: "live", assets: assets ?? known?.assets } as const;
  const { placements, problems } = placeBundles([{ bundle, slot: 1, use }], settings.assets, (id) =>
    book.byId(id),
  );
  if (placements.length === 0) return problems.map(({ reason }) => reason).join("\n");
  const program = { node: process.execPath, file: hostFile(), isolation: findIsolation() };
  const scorer = await BundleScorer.open(bundle, { program, clock, random, log: silentLog });
  if ("refused" in scorer) return scorer.refused;
  return {
    subjects: placements.map((placement) => {
      const subject = subjectOf(placement, scorer, settings, book);
      return { ...subject, inexact: [...subject.inexact, ...inexactOf(placements, settings)] };
    }),
    [Symbol.asyncDispose]: () => scorer[Symbol.asyncDispose](),
  };
}

/** What holds for all assets of the bundle. */
function inexactOf(placements: readonly Placement[], { rules }: Settings): readonly string[] {
  return [
    ...(placements.length > 1
      ? [
          "windows of several assets that were due together ran together, which tells in the last bit of a score",
        ]
      : []),
    ...(rules.length === 0
      ? ["when the gateway was started is known where it has rules; windows go on over it here"]
      : []),
  ];
}

function subjectOf(
  { bundle, asset, inputs }: Placement,
  scorer: BundleScorer,
  settings: Settings,
  book: TagBook,
): Subject {
  const { manifest } = bundle;
  const { on, budgetPerDay } = manifest.limits;
  const plan = watchPlan(
    settings.assets.filter(({ id }) => id === asset),
    settings.detection,
    (id) => book.byId(id),
  );
  const [watched] = plan.assets;
  const needsState = manifest.states.length > 0;
  const stateTags = needsState ? [watched?.state?.tag ?? -1, ...(watched?.setpoints ?? [])] : [];
  const inputTags = inputs.flatMap(({ tag }) => tag?.index ?? []);
  const inexact = new Set<string>();
  // What tells the state comes first, as detection hears a batch before models do.
  const tags = [...new Set([...stateTags, ...inputTags])].flatMap((index) => {
    const id = book.idOf(index);
    const byDevice: string[] = [];
    const tag = id === undefined ? undefined : pastTag(index, id, settings, book, byDevice);
    if (tag === undefined) return [];
    // Windows go by measured times live, too; states go by the time at which they were heard.
    if (byDevice.length > 0 && stateTags.includes(index)) {
      inexact.add(`the state of ${asset} counts from when its device measured it`);
    }
    const proven = isToldOnly(settings, tag.device);
    if (proven) inexact.add(`what ${tag.device} did not say is taken as proven while it was there`);
    return [{ ...tag, proven }];
  });
  return {
    id: `${manifest.name}-${asset}`,
    title: `bundle ${bundleTitle(manifest)} on ${asset} (limit ${on}, at most ${budgetPerDay} a day)`,
    ...{ asset, tags, inexact: [...inexact] },
    player(_events, time, judged) {
      const [fired, unknown] = [new SpanBook(), new SpanBook()];
      const line = new ChartLine("score over its limit", "", time);
      unknown.begin(time.fromUs);
      const player = new PlayedBundle({
        ...{ manifest, asset, inputs, plan, tags, scorer, beganUs: time.fromUs },
        listener: {
          judged(endUs, _score, ratio) {
            line.add(endUs, ratio);
            judged?.(endUs, ratio);
            if (Number.isNaN(ratio)) return;
            unknown.end(endUs);
            if (ratio >= 1) fired.begin(endUs);
            else fired.end(endUs);
          },
          silent(endUs) {
            fired.end(endUs);
            unknown.begin(endUs);
          },
          stopped(atUs) {
            fired.end(atUs);
            unknown.begin(atUs);
          },
        },
      });
      return {
        seed: (...of) => {
          player.seed(...of);
        },
        value: (place, atUs, value, status, measuredUs) => {
          player.value(place, atUs, Number(value ?? NaN), status, measuredUs);
        },
        restarted: (...of) => {
          player.restarted(...of);
        },
        upTo: () => undefined,
        caughtUp: () => player.caughtUp(),
        outcome: (within) => ({ fired: fired.within(within), unknown: unknown.within(within) }),
        lines: [line],
      };
    },
  };
}
