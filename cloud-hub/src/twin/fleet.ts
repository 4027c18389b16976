/** How every gateway is: its last beat, what it said of itself, and the balance of what is stored. */
import { messageChain, type Clock, type Log } from "@millwright/kit";
import type {
  Beat,
  DeviceStatus,
  GatewayCopy,
  GatewayId,
  GatewayRow,
  Hello,
  HubLink,
  Presence,
} from "@millwright/wire-contract";

import { nothingBalanced, type FrameReader, type KnownGateway } from "../hand-over.ts";
import { presenceOf, silentAfterUs } from "./presence.ts";

interface Place {
  known: KnownGateway;
  beat: Beat | undefined;
  beatUs: number;
  presence: Presence;
  sinceUs: number;
  stale: boolean;
  copy?: HeardCopy;
}

interface HeardCopy extends GatewayCopy {
  readonly heardUs: number;
  /** As it counts itself: what it misses is missed by the fleet, too. */
  readonly unexplained: number;
}

export interface FleetOptions {
  readonly reader: Pick<FrameReader, "gateways">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Silence is judged this often; half a minute of it is told (`presence.ts`). */
const judgeEveryMs = 1_000;
/** Counts on the list of gateways are read again at most this often: they are for looking at, and cost a query. */
const refreshEveryMs = 1_000;
/** And so many times as long as the reading took: of a big and old fleet all marks that there ever were are added up. */
const restPerReading = 9;
/** However long that was: after a database that let us wait and then did not answer, people must not read old counts for long. */
const restMsMax = 30_000;
/**
 * Gateways of one question: a fleet of thousands that all send would have the hub ask without a pause, and what is
 * answered at once is held in memory.
 */
const readTogether = 500;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #places = new Map<string, Place>();
  readonly #listeners = new Set<(gateway: string) => void>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  async load(): Promise<readonly GatewayId[]> {
    const known = await this.#options.reader.gateways();
    for (const one of known) this.#put(one);
    return known.map((one) => one.gateway);
  }

  onState(listener: (gateway: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  beat(gateway: GatewayId, beat: Beat, receivedUs: number): void {
    const place = this.#placeOf(gateway);
    if (beat.fenced === true) {
      this.#hearCopy(place, beat.stopping ? undefined : beat, receivedUs);
      return;
    }
    const before = place.beat;
    place.beat = beat;
    place.beatUs = receivedUs;
    const moved = this.#judge(place, receivedUs);
    if (moved || before === undefined || differs(before, beat)) this.#tell(gateway);
  }

  /** @param fenced another gateway with this name has started later */
  greet(hello: Hello, nowUs: number, fenced: boolean): void {
    const place = this.#placeOf(hello.gateway);
    if (fenced) {
      this.#hearCopy(place, hello, nowUs);
      return;
    }
    place.known = { ...place.known, hello, helloUs: nowUs };
    place.stale = true;
    this.#tell(hello.gateway);
  }

  /** Its counts or what it said of itself have changed in the store. */
  touched(gateway: GatewayId): void {
    this.#placeOf(gateway).stale = true;
  }

  /**
   * Judges silence, which no message announces, and reads changed counts again, until `signal` aborts. Side by side: a
   * database that does not answer must not keep a silent gateway from being told.
   */
  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#watchSilence(signal), this.#watchCounts(signal)]);
  }

  async #watchSilence(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (await this.#rest(judgeEveryMs, signal)) {
      for (const [gateway, place] of this.#places) {
        if (this.#judge(place, clock.nowUs())) this.#tell(gateway);
        const quietUs = clock.nowUs() - (place.copy?.heardUs ?? Infinity);
        if (quietUs > silentAfterUs) this.#hearCopy(place, undefined, clock.nowUs());
      }
    }
  }

  async #watchCounts(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let restMs = refreshEveryMs;
    while (await this.#rest(restMs, signal)) {
      const beganMs = clock.monotonicMs();
      await this.#readStale();
      const tookMs = clock.monotonicMs() - beganMs;
      restMs = Math.max(refreshEveryMs, Math.min(tookMs * restPerReading, restMsMax));
    }
  }

  /** False when `signal` has aborted. */
  async #rest(ms: number, signal: AbortSignal): Promise<boolean> {
    await this.#options.clock.sleep(ms, signal).catch(() => undefined);
    return !signal.aborted;
  }

  async #readStale(): Promise<void> {
    const { reader, log } = this.#options;
    const stale = [...this.#places.values()].filter((place) => place.stale);
    for (let at = 0; at < stale.length; at += readTogether) {
      const asked = stale.slice(at, at + readTogether);
      for (const place of asked) place.stale = false;
      try {
        const known = await reader.gateways(asked.map((place) => place.known.gateway));
        for (const one of known) this.#put(one);
      } catch (failure) {
        for (const place of asked) place.stale = true;
        log.warn("twin.counts-not-read", { reason: messageChain(failure) });
        return;
      }
    }
  }

  /** The beats to keep, so that a hub that starts knows since when a gateway is silent. */
  beats(): ReadonlyMap<GatewayId, { beat: Beat; receivedUs: number }> {
    const beats = new Map<GatewayId, { beat: Beat; receivedUs: number }>();
    for (const { known, beat, beatUs } of this.#places.values()) {
      if (beat !== undefined) beats.set(known.gateway, { beat, receivedUs: beatUs });
    }
    return beats;
  }

  known(gateway: string): KnownGateway | undefined {
    return this.#places.get(gateway)?.known;
  }

  devices(gateway: string): readonly DeviceStatus[] {
    return this.#places.get(gateway)?.beat?.devices ?? [];
  }

  hubLink(gateway: string): HubLink {
    const place = this.#places.get(gateway);
    if (place === undefined) {
      return { state: "unreachable", sinceUs: 0, waitingFrames: 0, waitingSamples: 0, behindMs: 0 };
    }
    return {
      state: linkStates[place.presence],
      sinceUs: place.sinceUs,
      waitingFrames: place.beat?.waitingFrames ?? 0,
      waitingSamples: place.beat?.waitingSamples ?? 0,
      behindMs: place.beat?.oldestWaitingMs ?? 0,
    };
  }

  /** How each of them is heard, without all else that a row says: it is asked every second. */
  *standings(): Iterable<
    Pick<GatewayRow, "gateway" | "site" | "presence" | "sinceUs" | "lastBeatUs">
  > {
    for (const { known, presence, sinceUs, beatUs } of this.#places.values()) {
      const { gateway, hello } = known;
      yield { gateway, site: hello?.site ?? "", presence, sinceUs, lastBeatUs: beatUs };
    }
  }

  rows(tagCountOf: (gateway: string) => number): readonly GatewayRow[] {
    return [...this.#places.values()].map((place) => {
      const { known, beat } = place;
      return {
        gateway: known.gateway,
        name: known.hello?.name ?? known.gateway,
        site: known.hello?.site ?? "",
        presence: place.presence,
        sinceUs: place.sinceUs,
        lastBeatUs: place.beatUs,
        waitingSamples: beat?.waitingSamples ?? 0,
        behindMs: beat?.oldestWaitingMs ?? 0,
        devices: beat?.devices ?? [],
        tagCount: tagCountOf(known.gateway),
        storedSamples: known.balance.stored,
        unexplained:
          known.balance.unexplained + (beat?.unexplained ?? 0) + (place.copy?.unexplained ?? 0),
        quarantined: known.quarantined,
        hmi: known.hello?.hmi ?? "",
        software: known.hello?.software ?? "",
        ...(beat?.clock === undefined
          ? {}
          : { clock: { state: beat.clock, aheadMs: (beat.nowUs - place.beatUs) / 1_000 } }),
        ...(place.copy === undefined
          ? {}
          : { copy: { sinceUs: place.copy.sinceUs, hmi: place.copy.hmi } }),
      };
    });
  }

  /** Samples announced and neither stored nor voided, over all gateways. Must be 0 (no-loss protocol 7, hub). */
  unexplained(): number {
    let sum = 0;
    for (const { known } of this.#places.values()) sum += known.balance.unexplained;
    return sum;
  }

  #put(known: KnownGateway): void {
    const place = this.#places.get(known.gateway);
    if (place !== undefined) {
      place.known = known;
      return;
    }
    const { clock } = this.#options;
    const presence = presenceOf(known.lastBeat, known.lastBeatUs, clock.nowUs());
    this.#places.set(known.gateway, {
      known,
      beat: known.lastBeat,
      beatUs: known.lastBeatUs,
      presence,
      sinceUs: known.lastBeatUs,
      stale: false,
    });
  }

  #placeOf(gateway: GatewayId): Place {
    let place = this.#places.get(gateway);
    if (place === undefined) {
      place = {
        known: { gateway, helloUs: 0, lastBeatUs: 0, quarantined: 0, balance: nothingBalanced },
        beat: undefined,
        beatUs: 0,
        presence: "silent",
        sinceUs: this.#options.clock.nowUs(),
        stale: true,
      };
      this.#places.set(gateway, place);
    }
    return place;
  }

  /** @param said what it says of itself, as far as that is known; undefined when it has gone */
  #hearCopy(
    place: Place,
    said: Partial<Pick<Hello, "hmi"> & Pick<Beat, "unexplained">> | undefined,
    nowUs: number,
  ): void {
    const before = place.copy;
    if (said === undefined) delete place.copy;
    else {
      const hmi = said.hmi ?? before?.hmi ?? "";
      const unexplained = said.unexplained ?? before?.unexplained ?? 0;
      place.copy = { sinceUs: before?.sinceUs ?? nowUs, hmi, unexplained, heardUs: nowUs };
    }
    const same = before?.hmi === place.copy?.hmi;
    if (same && before?.unexplained === place.copy?.unexplained) return;
    const { gateway } = place.known;
    if (before === undefined) this.#options.log.error("twin.two-with-one-name", { gateway });
    if (place.copy === undefined) this.#options.log.info("twin.one-with-this-name", { gateway });
    this.#tell(gateway);
  }

  #judge(place: Place, nowUs: number): boolean {
    const presence = presenceOf(place.beat, place.beatUs, nowUs);
    if (presence === place.presence) return false;
    place.presence = presence;
    // Silence began with the last beat, not when it was noticed.
    place.sinceUs = presence === "silent" ? place.beatUs : nowUs;
    this.#options.log.info("twin.presence", { gateway: place.known.gateway, presence });
    return true;
  }

  #tell(gateway: string): void {
    for (const listener of this.#listeners) listener(gateway);
  }
}

const linkStates: Readonly<Record<Presence, HubLink["state"]>> = {
  reporting: "in sync",
  behind: "behind",
  silent: "unreachable",
  sleeping: "off",
};

/** A screen that shows devices and the link would look different. The time of the last proof has a beat of its own. */
function differs(a: Beat, b: Beat): boolean {
  const shown = ({ devices, waitingFrames, waitingSamples }: Beat): string =>
    JSON.stringify([
      waitingFrames,
      waitingSamples,
      devices.map(({ device, name, state, sinceUs, note, badge }) => [
        device,
        name,
        state,
        sinceUs,
        note,
        badge,
      ]),
    ]);
  return shown(a) !== shown(b);
}
