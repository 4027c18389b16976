/**
 * The gateway as a Sparkplug B edge node. It follows the journal: what is told was on disk before, in the order in which
 * it was kept, and how far the broker has proven that it had it is remembered. What was kept before a birth is history
 * and says so; what is kept after it is the present (field practice 50).
 */
import type { Clock, Log, Random, Service } from "@millwright/kit";
import type { DeviceStatus } from "@millwright/wire-contract";

import type { EventBook, KeptFeed, TagView } from "../../hand-over.ts";
import { Backlog, type Piece } from "./backlog.ts";
import { BrokerRoad, type OpenRoad } from "./broker-road.ts";
import type { BrokerSettings } from "./broker.ts";
import { waitingOf } from "./delivery.ts";
import type { PublishState } from "./publish-state.ts";
import type { PublishedTag } from "./published-tags.ts";
import type { TagSample } from "./payloads.ts";
import { Speaker } from "./speaker.ts";
import type { NodeName } from "./topics.ts";

/** Devices come and go, and hosts ask: looked after so often where nothing else wakes the node. */
const tickMs = 1_000;
/** Several hosts that start together ask each for itself, and are answered once. */
const rebirthEveryMs = 1_000;
/** A broker that answers says goodbye in milliseconds; other parts of the gateway have their last words, too. */
const goodbyeMs = 3_000;

export interface SparkplugNodeParts {
  readonly name: NodeName;
  readonly broker: BrokerSettings;
  readonly primaryHost: string | undefined;
  readonly replayMs: number;
  /** 0: what cannot be told at once is not told. */
  readonly storeAndForwardHours: number;
  readonly tags: readonly PublishedTag[];
  readonly feed: KeptFeed;
  /** Keeps how far the node has come. */
  readonly book: Pick<EventBook, "state" | "saveState">;
  readonly current: TagView;
  readonly devices: () => readonly DeviceStatus[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class SparkplugNode implements Service {
  readonly name = "sparkplug";
  readonly broken: Promise<never>;
  readonly #parts: SparkplugNodeParts;
  readonly #road: BrokerRoad;
  readonly #tagAt: ReadonlyMap<number, PublishedTag>;
  readonly #tagsOf: ReadonlyMap<string, readonly PublishedTag[]>;
  readonly #backlog: Backlog;
  readonly #stop = new AbortController();
  #break: (failure: unknown) => void = () => undefined;
  #running: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => undefined;
  #woken = false;
  #speaker: Speaker | undefined;
  #bornMs = -Infinity;
  #rebirthDue = false;
  #rebirths = 0;
  #state: PublishState["state"] = "connecting";
  #sinceUs: number;

  constructor(parts: SparkplugNodeParts) {
    this.#parts = parts;
    this.#tagAt = new Map(parts.tags.map((tag) => [tag.index, tag]));
    this.#tagsOf = Map.groupBy(parts.tags, ({ device }) => device);
    this.#backlog = new Backlog({
      ...{ feed: parts.feed, book: parts.book, clock: parts.clock, log: parts.log },
      tags: parts.tags.map(({ index }) => index),
      storeAndForwardHours: parts.storeAndForwardHours,
      replayMs: parts.primaryHost === undefined ? 0 : parts.replayMs,
    });
    this.#sinceUs = parts.clock.nowUs();
    this.broken = new Promise((_resolve, reject) => {
      this.#break = reject;
    });
    this.broken.catch(() => undefined);
    this.#road = new BrokerRoad({
      settings: parts.broker,
      name: parts.name,
      primaryHost: parts.primaryHost,
      clock: parts.clock,
      random: parts.random,
      log: parts.log,
      bdSeq: {
        get: () => this.#backlog.delivery.bdSeq,
        set: (bdSeq) => {
          this.#backlog.connecting(bdSeq);
        },
      },
      changed: () => {
        this.#awake();
      },
    });
  }

  async start(): Promise<void> {
    await this.#backlog.start();
    const end = this.#parts.feed.onKept(() => {
      this.#awake();
    });
    const stop = this.#stop.signal;
    this.#running = Promise.all([
      this.#road.run(stop),
      this.#run(stop).catch((failure: unknown) => {
        // The journal does not answer any more; its own service says why.
        if (!stop.aborted) this.#break(failure);
      }),
    ]).finally(end);
  }

  async stop(deadline: AbortSignal): Promise<void> {
    const session = this.#road.open?.session;
    const patience = AbortSignal.any([deadline, AbortSignal.timeout(goodbyeMs)]);
    const letGo = (): void => session?.close();
    if (patience.aborted) letGo();
    patience.addEventListener("abort", letGo);
    this.#stop.abort(new Error("the node stops"));
    await this.#running;
    this.#speaker?.die();
    await session?.end();
    patience.removeEventListener("abort", letGo);
    this.#backlog.save();
  }

  state(): PublishState {
    const { name, broker, primaryHost, tags } = this.#parts;
    const { delivery } = this.#backlog;
    const { owed, delivered, lost } = delivery;
    return {
      node: `${name.group}/${name.node}`,
      url: broker.url,
      ...(primaryHost === undefined ? {} : { primaryHost }),
      state: this.#state,
      sinceUs: this.#sinceUs,
      ...this.#road.trouble,
      tags: tags.length,
      owed,
      delivered,
      lost,
      waiting: waitingOf(delivery),
      rebirths: this.#rebirths,
      refusedWrites: this.#road.refusedWrites,
    };
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const more = await this.#turn();
      this.#backlog.saveNowAndThen();
      if (!more) await this.#sleep(stop);
    }
  }

  /** One round. @returns whether there is more to be told at once */
  async #turn(): Promise<boolean> {
    const open = this.#road.open;
    if (open === undefined || !this.#road.heard) {
      await this.#wait(open);
      return false;
    }
    try {
      return await this.#speak(open);
    } catch (failure) {
      // What the broker has not proven is told again; the road says what happened to the connection.
      if (open.session.gone.aborted) return false;
      throw failure;
    }
  }

  /** Nobody listens. */
  async #wait(open: OpenRoad | undefined): Promise<void> {
    if (this.#speaker !== undefined) {
      // Sparkplug 3.0, 5.4: a node whose primary host is away says so, and comes back on another connection.
      this.#speaker.die();
      await this.#speaker.session.end();
      this.#speaker = undefined;
      this.#backlog.goBack();
    }
    this.#become(open === undefined ? "connecting" : "waiting-for-host");
    await this.#backlog.wait(this.#stop.signal);
  }

  async #speak({ session, cycle }: OpenRoad): Promise<boolean> {
    const { clock } = this.#parts;
    this.#rebirthDue = this.#road.takeRebirth() || this.#rebirthDue;
    if (this.#speaker?.session !== session) {
      if (this.#speaker !== undefined) this.#backlog.goBack();
      this.#speaker = new Speaker({
        session,
        cycle,
        ...{ node: this.#parts.name, nowMs: () => Math.floor(clock.nowUs() / 1_000) },
        present: (device) => this.#present(device),
      });
      this.#rebirthDue = false;
      await this.#bear(this.#speaker);
      if (this.#parts.storeAndForwardHours === 0) this.#backlog.forget();
    } else if (this.#road.takeHostRestart()) {
      this.#backlog.goBack();
      await this.#bear(this.#speaker);
    } else if (this.#rebirthDue && clock.monotonicMs() - this.#bornMs >= rebirthEveryMs) {
      this.#rebirthDue = false;
      this.#rebirths++;
      await this.#bear(this.#speaker);
    }
    const piece = await this.#backlog.next();
    if (piece !== undefined) {
      if (piece.historical) this.#become("catching-up");
      this.#speaker.tell(this.#samplesOf(piece), piece.historical);
      await session.prove();
      this.#backlog.told(piece);
      return true;
    }
    await this.#tellDevices(this.#speaker);
    this.#become("live");
    return false;
  }

  async #bear(speaker: Speaker): Promise<void> {
    this.#bornMs = this.#parts.clock.monotonicMs();
    await this.#backlog.born(this.#stop.signal);
    speaker.bear(this.#tagsOf.keys());
    await speaker.session.prove();
  }

  /** A device that does not answer is dead, and born when it does (Sparkplug 3.0, 5.5). */
  async #tellDevices(speaker: Speaker): Promise<void> {
    let said = false;
    for (const { device, state } of this.#parts.devices()) {
      const live = state === "live";
      if (!this.#tagsOf.has(device) || speaker.isBorn(device) === live) continue;
      if (live) speaker.bearDevice(device);
      else speaker.endDevice(device);
      said = true;
    }
    if (said) await speaker.session.prove();
  }

  #samplesOf({ columns }: Piece): TagSample[] {
    const { count, tag, value, status, measuredUs, wide } = columns;
    const samples: TagSample[] = [];
    for (let row = 0; row < count; row++) {
      const published = this.#tagAt.get(tag[row] ?? -1);
      if (published === undefined) continue;
      samples.push({
        tag: published,
        value: wide?.get(row) ?? value[row],
        status: status[row] ?? 0,
        measuredUs: measuredUs[row] ?? NaN,
      });
    }
    return samples;
  }

  #present(device: string): TagSample[] {
    const { current, clock } = this.#parts;
    const nowUs = clock.nowUs();
    return (this.#tagsOf.get(device) ?? []).map((tag) => ({
      tag,
      value: current.value(tag.index),
      status: current.status(tag.index),
      measuredUs: current.measuredUs(tag.index),
      stale: nowUs - current.confirmedUs(tag.index) > current.freshForUs(tag.index),
    }));
  }

  #become(state: PublishState["state"]): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#sinceUs = this.#parts.clock.nowUs();
    this.#parts.log.info(`publish.${state}`, { waiting: waitingOf(this.#backlog.delivery) });
    this.#backlog.save();
  }

  #awake(): void {
    this.#woken = true;
    this.#wake();
  }

  async #sleep(stop: AbortSignal): Promise<void> {
    if (!this.#woken) {
      const waker = new AbortController();
      this.#wake = () => {
        waker.abort();
      };
      const either = AbortSignal.any([stop, waker.signal]);
      await this.#parts.clock.sleep(tickMs, either).catch(() => undefined);
      this.#wake = () => undefined;
    }
    this.#woken = false;
  }
}
