/**
 * The gateway as a Sparkplug B edge node. It follows the journal: what is told was on disk before, in the order in which
 * it was kept, and how far the broker has proven that it had it is remembered. What was kept before a birth is history
 * and says so; what is kept after it is the present (field practice 50).
 */
import { createHash } from "node:crypto";

import { messageChain, type Clock, type Log, type Random, type Service } from "@millwright/kit";
import type { DeviceStatus } from "@millwright/wire-contract";

import type { EventBook, KeptFeed, KeptSlice, TagView } from "../../hand-over.ts";
import { BrokerRoad, type OpenRoad } from "./broker-road.ts";
import type { BrokerSettings } from "./broker.ts";
import {
  backTo,
  beginAt,
  broken,
  counted,
  deliveredTo,
  fromSaved,
  givenUpTo,
  goOn,
  toSaved,
  waitingOf,
  type Delivery,
} from "./delivery.ts";
import type { PublishState } from "./publish-state.ts";
import type { PublishedTag } from "./published-tags.ts";
import type { TagSample } from "./payloads.ts";
import { Replay } from "./replay.ts";
import { Speaker } from "./speaker.ts";
import type { NodeName } from "./topics.ts";

/** As the part is called in the journal. */
const part = "sparkplug";
/** What a kill makes be told once more; each time it is kept costs a page of the disk (field practice 73). */
const saveEveryMs = 10_000;
/** Devices come and go, and hosts ask: looked after so often where nothing else wakes the node. */
const tickMs = 1_000;
/** Several hosts that start together ask each for itself, and are answered once. */
const rebirthEveryMs = 1_000;
/** What is too old to be told is looked for so often while nobody listens. */
const giveUpEveryMs = 60_000;
const hourUs = 3_600_000_000;
const everything = Number.MAX_SAFE_INTEGER;

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
  readonly #wanted: Uint8Array;
  readonly #replay: Replay;
  readonly #stop = new AbortController();
  #break: (failure: unknown) => void = () => undefined;
  #running: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => undefined;
  #woken = false;
  #delivery: Delivery = beginAt(0, "");
  #speaker: Speaker | undefined;
  /** What was kept up to this place was kept before the running birth. */
  #historyTo = 0;
  #bornMs = -Infinity;
  #rebirthDue = false;
  #rebirths = 0;
  #savedMs = -Infinity;
  #gaveUpMs = -Infinity;
  #lostSaid = 0;
  #state: PublishState["state"] = "connecting";
  #sinceUs: number;

  constructor(parts: SparkplugNodeParts) {
    this.#parts = parts;
    this.#tagAt = new Map(parts.tags.map((tag) => [tag.index, tag]));
    this.#tagsOf = Map.groupBy(parts.tags, ({ device }) => device);
    this.#wanted = new Uint8Array(
      parts.tags.reduce((most, { index }) => Math.max(most, index), 0) + 1,
    );
    for (const { index } of parts.tags) this.#wanted[index] = 1;
    this.#replay = new Replay(parts.primaryHost === undefined ? 0 : parts.replayMs);
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
        get: () => this.#delivery.bdSeq,
        set: (bdSeq) => {
          this.#delivery = { ...this.#delivery, bdSeq };
          this.#save();
        },
      },
      changed: () => {
        this.#awake();
      },
    });
  }

  async start(): Promise<void> {
    const { feed, book, tags } = this.#parts;
    const saved = fromSaved(book.state(part));
    const names = hashOf(tags);
    this.#delivery = saved === undefined ? beginAt(await feed.head(), names) : goOn(saved, names);
    this.#lostSaid = this.#delivery.lost;
    await feed.hold(this.#delivery.deliveredTo);
    const end = feed.onKept(() => {
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
    const letGo = (): void => session?.close();
    if (deadline.aborted) letGo();
    deadline.addEventListener("abort", letGo);
    this.#stop.abort(new Error("the node stops"));
    await this.#running;
    this.#speaker?.die();
    await session?.end();
    deadline.removeEventListener("abort", letGo);
    this.#save();
  }

  state(): PublishState {
    const { name, broker, primaryHost, tags } = this.#parts;
    const { owed, delivered, lost } = this.#delivery;
    return {
      node: `${name.group}/${name.node}`,
      url: broker.url,
      ...(primaryHost === undefined ? {} : { primaryHost }),
      state: this.#state,
      sinceUs: this.#sinceUs,
      why: this.#state === "connecting" ? this.#road.why : "",
      tags: tags.length,
      owed,
      delivered,
      lost,
      waiting: waitingOf(this.#delivery),
      rebirths: this.#rebirths,
      refusedWrites: this.#road.refusedWrites,
    };
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const more = await this.#turn();
      this.#saveNowAndThen();
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
      this.#goBack();
    }
    this.#become(open === undefined ? "connecting" : "waiting-for-host");
    await this.#count(everything);
    await this.#giveUp();
  }

  async #speak({ session, cycle }: OpenRoad): Promise<boolean> {
    const { clock } = this.#parts;
    this.#rebirthDue = this.#road.takeRebirth() || this.#rebirthDue;
    if (this.#speaker?.session !== session) {
      if (this.#speaker !== undefined) this.#goBack();
      this.#speaker = new Speaker({
        session,
        cycle,
        ...{ node: this.#parts.name, nowMs: () => Math.floor(clock.nowUs() / 1_000) },
        present: (device) => this.#present(device),
      });
      this.#rebirthDue = false;
      await this.#bear(this.#speaker);
      if (this.#parts.storeAndForwardHours === 0) this.#forget();
    } else if (this.#road.takeHostRestart()) {
      this.#goBack();
      await this.#bear(this.#speaker);
    } else if (this.#rebirthDue && clock.monotonicMs() - this.#bornMs >= rebirthEveryMs) {
      this.#rebirthDue = false;
      this.#rebirths++;
      await this.#bear(this.#speaker);
    }
    if (await this.#tellSlice(this.#speaker)) return true;
    await this.#tellDevices(this.#speaker);
    this.#become("live");
    return false;
  }

  async #bear(speaker: Speaker): Promise<void> {
    const { feed, clock } = this.#parts;
    this.#bornMs = clock.monotonicMs();
    // Births say what holds now: what was kept before them is the past.
    this.#historyTo = await feed.head();
    await this.#count(this.#historyTo);
    speaker.bear(this.#tagsOf.keys());
    await speaker.session.prove();
    this.#replay.note(this.#delivery, clock.monotonicMs());
  }

  /** The primary host may have been away for a while before anybody noticed, and a broker that died took what it held. */
  #goBack(): void {
    const told = this.#replay.back(this.#parts.clock.monotonicMs());
    if (told !== undefined) this.#delivery = backTo(this.#delivery, told);
    this.#save();
  }

  /** Without store and forward: what was kept before the birth is not told. */
  #forget(): void {
    this.#delivery = givenUpTo(this.#delivery, this.#historyTo, waitingOf(this.#delivery));
    this.#sayLost();
  }

  /** Tells what comes next. @returns whether there may be more */
  async #tellSlice(speaker: Speaker): Promise<boolean> {
    const { feed, clock, log } = this.#parts;
    const { deliveredTo: at, countedTo } = this.#delivery;
    const historical = at < this.#historyTo;
    if (historical) this.#become("catching-up");
    const known = at < countedTo;
    const toId = historical ? this.#historyTo : known ? countedTo : everything;
    const slice = await feed.read(at, toId, this.#wanted);
    if (slice.gap && known)
      log.warn("publish.history-gone", { waiting: waitingOf(this.#delivery) });
    const { count } = slice.columns;
    // Nothing is left up to a place that was counted: the journal has let it go.
    const reached = slice.toId === at && known ? toId : slice.toId;
    if (reached === at) return false;
    if (!known) this.#delivery = counted(this.#delivery, reached, count);
    speaker.tell(this.#samplesOf(slice), historical);
    await speaker.session.prove();
    this.#delivery = deliveredTo(this.#delivery, reached, count);
    this.#replay.note(this.#delivery, clock.monotonicMs());
    this.#sayLost();
    return true;
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

  /** Counts what is owed, up to a place. */
  async #count(toId: number): Promise<void> {
    const { feed, log } = this.#parts;
    while (this.#delivery.countedTo < toId && !this.#stop.signal.aborted) {
      const at = this.#delivery.countedTo;
      const slice = await feed.read(at, toId, this.#wanted);
      if (slice.gap) {
        // The node was not there while the gateway worked on: nobody knows what was kept meanwhile.
        log.warn("publish.history-unknown", { waiting: waitingOf(this.#delivery) });
        this.#delivery = broken(this.#delivery, await feed.head());
        return;
      }
      if (slice.toId === at) return;
      this.#delivery = counted(this.#delivery, slice.toId, slice.columns.count);
    }
  }

  /** What has waited for longer than it is to wait is not told any more. */
  async #giveUp(): Promise<void> {
    const { feed, clock, storeAndForwardHours } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#gaveUpMs < giveUpEveryMs) return;
    this.#gaveUpMs = nowMs;
    const beforeUs = clock.nowUs() - storeAndForwardHours * hourUs;
    while (this.#delivery.deliveredTo < this.#delivery.countedTo && !this.#stop.signal.aborted) {
      const { deliveredTo: at, countedTo } = this.#delivery;
      const slice = await feed.read(at, countedTo, this.#wanted);
      if (slice.toId === at || slice.sealedUs >= beforeUs) break;
      this.#delivery = givenUpTo(this.#delivery, slice.toId, slice.columns.count);
    }
    this.#sayLost();
  }

  #samplesOf({ columns }: KeptSlice): TagSample[] {
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

  #sayLost(): void {
    const { lost } = this.#delivery;
    if (lost === this.#lostSaid) return;
    this.#parts.log.warn("publish.lost", { samples: lost - this.#lostSaid, inAll: lost });
    this.#lostSaid = lost;
  }

  #become(state: PublishState["state"]): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#sinceUs = this.#parts.clock.nowUs();
    this.#parts.log.info(`publish.${state}`, { waiting: waitingOf(this.#delivery) });
    this.#save();
  }

  #saveNowAndThen(): void {
    if (this.#parts.clock.monotonicMs() - this.#savedMs >= saveEveryMs) this.#save();
  }

  #save(): void {
    this.#savedMs = this.#parts.clock.monotonicMs();
    this.#parts.book.saveState(part, toSaved(this.#delivery));
    const from = Math.min(this.#delivery.deliveredTo, this.#replay.from ?? Infinity);
    this.#parts.feed.hold(from).catch((failure: unknown) => {
      // The journal has ended, and holds what it holds.
      this.#parts.log.warn("publish.not-held", { why: messageChain(failure) });
    });
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

/** Changes when other tags are published. */
function hashOf(tags: readonly PublishedTag[]): string {
  const hash = createHash("sha256");
  for (const index of tags.map((tag) => tag.index).toSorted((a, b) => a - b))
    hash.update(`${index} `);
  return hash.digest("hex").slice(0, 16);
}
