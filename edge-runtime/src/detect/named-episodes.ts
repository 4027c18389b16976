/** What the detector says of an episode becomes one with a name, under which people speak of it, judge it and find it again. */
import type { EpisodeBody } from "@millwright/detection";
import type { EpisodeEvent } from "@millwright/wire-contract/events";

import type { Episode, SavedState } from "../hand-over.ts";
import type { SavedNames } from "./saved-detection.ts";

/** Episodes that a person may still judge without the journal being asked. */
const rememberedMax = 200;

export class NamedEpisodes {
  /** By asset: those that last, as they began. */
  readonly #lasting = new Map<string, readonly Episode[]>();
  /** By id: those that were told of late. */
  readonly #remembered = new Map<string, Episode>();
  #next = 1;

  /** Number of the next name. */
  get next(): number {
    return this.#next;
  }

  /** Of which any has lasted since the start. */
  get assets(): Iterable<string> {
    return this.#lasting.keys();
  }

  /** What lasts. */
  all(): readonly Episode[] {
    return [...this.#lasting.values()].flat();
  }

  /** What lasts of an asset, and began last. */
  newestOf(asset: string): Episode | undefined {
    return this.#lasting.get(asset)?.at(-1);
  }

  /** Undefined also for one that was told of long ago. */
  find(id: string): Episode | undefined {
    return this.#remembered.get(id);
  }

  /** One that is told of for the first time is given a name; what people said of it before stays. */
  take(asset: string, body: EpisodeBody): Episode {
    const lasting = this.#lasting.get(asset) ?? [];
    const before = lasting.find(({ event }) => event.beginUs === body.beginUs);
    const id = before?.id ?? `E-${this.#next++}`;
    const { verdict = "open", person } = before?.event ?? {};
    const event: EpisodeEvent = { ...body, verdict, ...(person === undefined ? {} : { person }) };
    const episode = { id, asset, event };
    const others = lasting.filter((other) => other !== before);
    if (body.what === "ended") this.#lasting.set(asset, others);
    else if (before === undefined) this.#lasting.set(asset, [...lasting, episode]);
    this.remember(episode);
    return episode;
  }

  /** As it is now. */
  remember(episode: Episode): void {
    const { asset, id: same } = episode;
    this.#remembered.delete(same);
    this.#remembered.set(same, episode);
    const lasting = this.#lasting.get(asset) ?? [];
    this.#lasting.set(
      asset,
      lasting.map((other) => (other.id === same ? episode : other)),
    );
    for (const id of this.#remembered.keys()) {
      if (this.#remembered.size <= rememberedMax) break;
      this.#remembered.delete(id);
    }
  }

  /** To be saved. */
  namesOf(asset: string) {
    const episodes = this.#lasting.get(asset) ?? [];
    return episodes.map(({ id, event: { verdict, person = null, beginUs } }) => ({
      ...{ id, verdict, person, beginUs },
    }));
  }

  /** The newest of an asset apart from those that stood when it began: programs of before know one only. */
  names(): { readonly next: number; readonly open: SavedState; readonly standing: SavedState } {
    const named = [...this.#lasting.keys()].map((asset) => [asset, this.namesOf(asset)] as const);
    return {
      next: this.#next,
      open: Object.fromEntries(
        named.flatMap(([asset, all]) => all.slice(-1).map((one) => [asset, one])),
      ),
      standing: Object.fromEntries(named.map(([asset, all]) => [asset, all.slice(0, -1)])),
    };
  }

  /** @param lastingOf what the detector was restored with */
  restore({ next, names }: SavedNames, lastingOf: (asset: string) => readonly EpisodeBody[]): void {
    this.#next = next;
    for (const [asset, named] of names) {
      const lasting = lastingOf(asset);
      const episodes = named.flatMap(({ id, verdict, person, beginUs }): readonly Episode[] => {
        // Programs of before had one only, and saved no begin with its name.
        const body = lasting.find((one) => one.beginUs === (beginUs ?? one.beginUs));
        if (body === undefined) return [];
        const event = { ...body, verdict, ...(person === null ? {} : { person }) };
        return [{ id, asset, event }];
      });
      this.#lasting.set(asset, episodes);
      for (const episode of episodes) this.#remembered.set(episode.id, episode);
    }
  }
}
