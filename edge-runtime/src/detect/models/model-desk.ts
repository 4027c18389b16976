/**
 * The models of this gateway: which bundle watches which asset in which role. Windows go to the detect host, scores of live
 * and canary bundles to detection, those of shadows into a comparison. A bundle that fails goes back to the one before it.
 */
import type { Clock, Log, Random, Service } from "@millwright/kit";
import { bundleTitle } from "@millwright/model-bundle";
import type { DeviceId, TagDefinition } from "@millwright/wire-contract";
import type { Contribution } from "@millwright/wire-contract/events";

import type {
  DetectionFeed,
  EventBook,
  SampleBatch,
  SampleWatcher,
  TagView,
} from "../../hand-over.ts";
import { ModelHost, type ModelHostListener } from "../host/model-host.ts";
import type { HostProgram } from "../host/host-process.ts";
import type { OutputPlaces } from "../host/unit-plan.ts";
import type { AssetFile } from "../settings.ts";
import { placeBundles, type Placement } from "./placement.ts";
import { BundleUse } from "./bundle-use.ts";
import { BundleWatch, type WatchedState, type WatchListener } from "./bundle-watch.ts";
import { drifting } from "./drift.ts";
import { ModelNews } from "./model-news.ts";
import type { ModelRow, ModelsState } from "./model-row.ts";
import { SampleRoutes, seed } from "./sample-routes.ts";
import type { ModelsFile } from "./settings.ts";
import { ShadowPairs } from "./shadow-pairs.ts";

export interface ModelDeskOptions {
  readonly settings: ModelsFile;
  readonly assets: readonly AssetFile[];
  readonly tagOf: (id: string) => TagDefinition | undefined;
  readonly program: HostProgram;
  readonly feed: DetectionFeed;
  readonly stateOf: (asset: string) => WatchedState | undefined;
  readonly current: TagView;
  readonly book: EventBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A person who copies a new bundle into its place waits no longer than a cup of coffee. */
const lookEveryMs = 5_000;
/** Each look asks the disk some µs, while nothing else moves: of more bundles than these a round has several parts. */
const lookedAtOnce = 20;
/** Between two parts: a thousand bundles are looked at in ten seconds, for half a thousandth of a core. */
const lookRestMs = 200;
/** Contributions are looked at from here on (`DetectionFeed`). */
const contributionsFrom = 0.6;

export class ModelDesk implements Service, SampleWatcher {
  readonly name = "models";
  readonly broken = new Promise<never>(() => undefined);
  readonly #options: ModelDeskOptions;
  readonly #host: ModelHost;
  readonly #uses: readonly BundleUse[];
  readonly #stopping = new AbortController();
  #routes: SampleRoutes;
  #watches: readonly BundleWatch[] = [];
  readonly #byAsker = new Map<number, BundleWatch>();
  readonly #news: ModelNews;
  #shadows = new ShadowPairs([]);
  #lastSlot = 0;
  #lastAsker = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: ModelDeskOptions) {
    const { settings, program, current, book, clock, random, log } = options;
    this.#options = options;
    this.#news = new ModelNews(book, clock, log);
    this.#routes = new SampleRoutes(current, []);
    this.#uses = settings.bundles.map((file) => new BundleUse(file, settings.folder));
    this.#host = new ModelHost({ program, clock, random, log, listener: this.#listener() });
  }

  /** Samples flow at once; scores come as soon as the detect host is there. */
  start(): Promise<void> {
    void this.#inTurn(async () => {
      for (const use of this.#uses) this.#read(use, "loaded");
      await this.#deploy("loaded");
    });
    void this.#look();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#host.close();
    await this.#turn;
  }

  /** Takes what it needs at once; called with each batch that was kept. */
  watch(batch: SampleBatch): void {
    // What a device remembered is scored by nobody: episodes are about now.
    if (!batch.late) this.#routes.take(batch);
  }

  /** A value that does not change comes once; what its device proves is what its windows go on with. */
  confirm(device: DeviceId, atUs: number, indices?: readonly number[]): void {
    this.#routes.prove(device, atUs, indices);
  }

  state(): ModelsState {
    const { isolation } = this.#options.program;
    const residentBytes = this.#host.residentBytes();
    return {
      models: this.#uses.map((use) => this.#row(use)),
      isolation: isolation.words,
      networkOpen: !isolation.network,
      ...(residentBytes === undefined ? {} : { residentBytes }),
      restarts: this.#host.restarts,
      windowsLost: this.#host.windowsLost,
    };
  }

  #row(use: BundleUse): ModelRow {
    const { bundle, file, state, note, slot } = use;
    const latencyMs = this.#host.cpuUs(slot) / 1_000;
    return {
      bundle: bundle?.manifest.name ?? use.name,
      version: bundle?.manifest.version ?? "",
      role: file.role,
      state,
      note,
      ...(Number.isNaN(latencyMs) ? {} : { latencyMs }),
      assets: this.#watches
        .filter((watch) => watch.slot === slot)
        .map(({ asset, silence, lastScore, lastScoreUs, counts }) => ({
          asset,
          silence,
          ...counts,
          ...(Number.isNaN(lastScore) ? {} : { score: lastScore, atUs: lastScoreUs }),
        })),
    };
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      try {
        if (!this.#stopping.signal.aborted) await task();
      } catch (failure) {
        if (!this.#stopping.signal.aborted) {
          this.#options.log.error("detect.models-not-exchanged", { error: failure });
        }
      }
    });
    return this.#turn;
  }

  /** Reads what an entry is to run, or what it is to run instead. What ran before goes on where nothing can be read. */
  #read(use: BundleUse, what: "loaded" | "swapped" | "returned"): void {
    const found = use.read();
    if (!("refused" in found)) {
      if (found.digest === use.bundle?.digest) return;
      use.bundle = found;
      use.slot = ++this.#lastSlot;
      use.state = "starts";
      return;
    }
    this.#news.ofUse(use, "refused", found.refused);
    if (use.bundle !== undefined && what === "swapped") return;
    use.state = "refused";
    use.note = found.refused;
    this.#return(use, `${use.name} was refused`);
  }

  /** @returns whether another bundle is to be deployed */
  #return(use: BundleUse, reason: string): boolean {
    if (!use.canReturn()) return false;
    use.takePrevious();
    const found = use.read();
    if ("refused" in found) {
      this.#news.ofUse(use, "refused", found.refused);
      return false;
    }
    use.bundle = found;
    use.slot = ++this.#lastSlot;
    use.state = "starts";
    use.note = `back to ${bundleTitle(found.manifest)}: ${reason}`;
    this.#news.ofUse(use, "returned", use.note);
    return true;
  }

  async #deploy(what: "loaded" | "swapped" | "returned"): Promise<void> {
    const { assets, tagOf } = this.#options;
    const running = this.#uses.filter(
      ({ state, bundle }) => bundle !== undefined && (state === "runs" || state === "starts"),
    );
    const { placements, problems } = placeBundles(
      running.flatMap(({ bundle, slot, file }) =>
        bundle === undefined ? [] : [{ bundle, slot, use: file }],
      ),
      assets,
      tagOf,
    );
    const watches = placements.map((placement) => this.#watchOf(placement));
    for (const watch of watches) this.#byAsker.set(watch.asker, watch);
    const slotted = running.flatMap(({ bundle, slot }) =>
      bundle === undefined ? [] : [{ bundle, slot }],
    );
    let fresh: readonly BundleWatch[] = [];
    const refusals = await this.#host.deploy(slotted, (refused) => {
      const slots = new Set(refused.map(({ slot }) => slot));
      fresh = this.#switch(watches.filter(({ slot }) => !slots.has(slot)));
    });
    // The old host has answered all it was asked.
    for (const asker of this.#byAsker.keys()) {
      if (!this.#watches.some((watch) => watch.asker === asker)) this.#byAsker.delete(asker);
    }
    for (const { slot, reason } of problems) {
      const use = this.#useOf(slot);
      if (use !== undefined) this.#news.ofUse(use, "refused", reason);
    }
    let again = false;
    for (const { slot, reason } of refusals) {
      const use = this.#useOf(slot);
      if (use === undefined) continue;
      use.state = "refused";
      use.note = reason;
      this.#news.ofUse(use, "refused", reason);
      again = this.#return(use, reason) || again;
    }
    for (const use of running) {
      if (use.state !== "starts") continue;
      use.state = "runs";
      const watching = this.#watches.filter(({ slot }) => slot === use.slot);
      const waits = watching.some((watch) => fresh.includes(watch));
      if (what !== "returned") {
        this.#news.ofUse(
          use,
          what,
          waits ? "its windows fill first" : "from one window to the next",
          {
            assets: watching.map(({ asset }) => asset),
          },
        );
      }
    }
    if (again) await this.#deploy("returned");
  }

  #watchOf({ slot, bundle, role, asset, inputs }: Placement): BundleWatch {
    return new BundleWatch({
      manifest: bundle.manifest,
      role,
      slot,
      asker: ++this.#lastAsker,
      asset,
      inputs,
      state: () => this.#options.stateOf(asset),
      listener: this.#watchListener,
    });
  }

  /** At the moment of the change. @returns those whose windows begin to fill */
  #switch(next: readonly BundleWatch[]): readonly BundleWatch[] {
    const before = this.#watches;
    const fresh: BundleWatch[] = [];
    const watches = next.map((watch) => {
      const same = before.find(
        ({ slot, asset, role }) =>
          slot === watch.slot && asset === watch.asset && role === watch.role,
      );
      if (same !== undefined) return same;
      const old = before.find(
        ({ asset, role, manifest }) =>
          asset === watch.asset && role === watch.role && manifest.name === watch.manifest.name,
      );
      if (old === undefined || !watch.follow(old)) fresh.push(watch);
      return watch;
    });
    this.#watches = watches;
    this.#routes = new SampleRoutes(this.#options.current, watches);
    for (const watch of fresh) seed(watch, this.#options.current);
    this.#shadows = new ShadowPairs(watches);
    return fresh;
  }

  readonly #watchListener: WatchListener = {
    due: (watch, endUs, vector) => {
      this.#host.score(watch.slot, watch.asker, endUs, vector);
    },
    range: (watch, _endUs, what, reason) => {
      this.#news.ofWatch(watch, what, reason);
    },
    drift: (watch) => {
      this.#drifted(watch);
    },
  };

  #listener(): ModelHostListener {
    return {
      scored: (slot, asker, endUs, outputs, at, places) => {
        const watch = this.#byAsker.get(asker);
        if (watch?.slot === slot) this.#scored(watch, endUs, outputs, at, places);
      },
      stopped: (slot, what, reason, windowsLost) => {
        this.#stopped(slot, what, reason, windowsLost);
      },
      ended: (reason, slot, windowsLost) => {
        const use = slot === undefined ? undefined : this.#useOf(slot);
        const words = `the detect host ended (${reason}) and is started again; windows that waited are scored by the next`;
        if (use !== undefined) this.#news.ofUse(use, "crashed", words, { windowsLost });
        else this.#news.ofHost(words, windowsLost);
      },
    };
  }

  #scored(
    watch: BundleWatch,
    endUs: number,
    outputs: Float32Array,
    at: number,
    { contributions, expected }: OutputPlaces,
  ): void {
    const ratio = watch.scored(endUs, outputs[at] ?? NaN);
    if (watch.role !== "shadow") {
      const why =
        ratio >= contributionsFrom
          ? watch.contributions(partOf(outputs, at, contributions), partOf(outputs, at, expected))
          : noContributions;
      this.#options.feed.scored(watch.asset, watch.title, endUs, ratio, why);
    }
    for (const news of this.#shadows.judged(watch, endUs, !watch.gate.on)) {
      const { shadow, what, words, comparison } = news;
      this.#news.ofWatch(shadow, what, words, { comparison });
    }
  }

  #stopped(slot: number, what: "stopped" | "crashed", reason: string, windowsLost: number): void {
    const use = this.#useOf(slot);
    if (use === undefined) return;
    use.state = "stopped";
    use.note = reason;
    this.#news.ofUse(use, what, reason, { windowsLost });
    void this.#inTurn(async () => {
      if (this.#return(use, reason)) await this.#deploy("returned");
    });
  }

  #drifted(watch: BundleWatch): void {
    const drift = watch.drift();
    const far = drift.filter(({ index }) => index > drifting);
    const words = far.map(
      ({ tag, index }) => `${tag === "" ? "its scores" : tag} (index ${index.toFixed(2)})`,
    );
    this.#news.ofWatch(
      watch,
      far.length > 0 ? "drifting" : "steady",
      far.length > 0
        ? `${words.join(", ")} left what the bundle was trained on; look whether the machine, a sensor or the product changed, and train again where it is to stay so`
        : "inputs and scores are what the bundle was trained on again",
      { drift },
    );
    const use = this.#useOf(watch.slot);
    const modelOnly = far.length > 0 && far.every(({ tag }) => tag === "");
    if (use === undefined || !modelOnly || watch.role === "shadow") return;
    // The machine is as it was and the model says something else of it: that is the model's doing.
    void this.#inTurn(async () => {
      if (this.#return(use, `its scores on ${watch.asset} drifted while its inputs did not`)) {
        await this.#deploy("returned");
      }
    });
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      const parts = Math.max(1, Math.ceil(this.#uses.length / lookedAtOnce));
      const restMs = Math.max(lookRestMs, lookEveryMs / parts);
      for (;;) {
        const changed: BundleUse[] = [];
        // What is exchanged in one round is exchanged together: each exchange starts another host.
        for (let part = 0; part < parts; part++) {
          await this.#options.clock.sleep(restMs, signal);
          const some = this.#uses.slice(part * lookedAtOnce, (part + 1) * lookedAtOnce);
          changed.push(...some.filter((use) => use.hasChanged()));
        }
        if (changed.length === 0) continue;
        await this.#inTurn(async () => {
          const before = changed.map(({ slot }) => slot);
          for (const use of changed)
            this.#read(use, use.bundle === undefined ? "loaded" : "swapped");
          if (changed.some(({ slot }, at) => slot !== before[at])) await this.#deploy("swapped");
        });
      }
    } catch (failure) {
      if (!signal.aborted)
        this.#options.log.error("detect.models-not-looked-at", { error: failure });
    }
  }

  #useOf(slot: number): BundleUse | undefined {
    return this.#uses.find((use) => use.slot === slot);
  }
}

const noContributions: readonly Contribution[] = [];

function partOf(
  outputs: Float32Array,
  at: number,
  place: { readonly at: number; readonly width: number },
): Float32Array {
  return outputs.subarray(at + place.at, at + place.at + place.width);
}
