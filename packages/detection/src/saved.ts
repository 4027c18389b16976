/** What detection finds again after a restart, as plain data. */
import type { EpisodeBody } from "./episode-track.ts";

export interface SavedDetection {
  readonly version: 1;
  /** Begins of episodes that the budget counts, µs. */
  readonly begunUs: readonly number[];
  readonly assets: Readonly<Record<string, SavedAsset>>;
}

export interface SavedAsset {
  /** By tag and state: "pump-1/vibration running". */
  readonly baselines: Readonly<Record<string, readonly number[]>>;
  /** Values of setpoints by dictionary index would not survive another journal: by their place in the plan. */
  readonly setpoints: readonly (number | null)[];
  readonly endedUs: number;
  /** The newest that lasts, which is the only one for programs that knew no more; and those that stood when it began. */
  readonly open?: EpisodeBody;
  readonly standing?: readonly EpisodeBody[];
}

/** What changes with each episode of an asset: it is kept with each of them, and what is the same is not written again. */
export interface SavedTrack {
  readonly lasting: readonly EpisodeBody[];
  /** The last end, where it still weighs; 0 where none does, µs. */
  readonly endedUs: number;
}

/** Those of all assets. */
export interface SavedTracks {
  readonly version: 1;
  readonly begunUs: readonly number[];
  /** By asset. */
  readonly open: Readonly<Record<string, EpisodeBody>>;
  /** By asset, those besides that one; absent in what older programs have saved. */
  readonly standing?: Readonly<Record<string, readonly EpisodeBody[]>>;
  /** By asset, of those whose last end still weighs, µs. */
  readonly endedUs: Readonly<Record<string, number>>;
}

/** Of all assets, as they were when what was learnt was saved. */
export function tracksIn({ begunUs, assets }: SavedDetection): SavedTracks {
  const all = Object.entries(assets);
  return {
    version: 1,
    begunUs,
    open: Object.fromEntries(
      all.flatMap(([id, { open }]) => (open === undefined ? [] : [[id, open]])),
    ),
    standing: Object.fromEntries(all.map(([id, { standing = [] }]) => [id, standing])),
    endedUs: Object.fromEntries(all.map(([id, { endedUs }]) => [id, endedUs])),
  };
}

/** @param tracks by asset, all of which there are; @param begunUs as the budget counts them */
export function joinTracks(
  begunUs: readonly number[],
  tracks: ReadonlyMap<string, SavedTrack>,
): SavedTracks {
  const of = <Value>(pick: (track: SavedTrack) => Value | undefined): Record<string, Value> =>
    Object.fromEntries(
      [...tracks].flatMap(([id, track]) => {
        const value = pick(track);
        return value === undefined ? [] : [[id, value] as const];
      }),
    );
  return {
    version: 1,
    begunUs,
    open: of(({ lasting }) => lasting.at(-1)),
    standing: of(({ lasting }) => lasting.slice(0, -1)),
    endedUs: of(({ endedUs }) => endedUs),
  };
}

/** Of one asset: what was saved by this program, or nothing that can be used. */
export function parseTrack(value: unknown): SavedTrack | undefined {
  if (!isRecord(value) || typeof value["endedUs"] !== "number") return undefined;
  return { lasting: toEpisodes(value["lasting"]), endedUs: value["endedUs"] };
}

/** Of all assets in one, as programs of before have saved them, or nothing that can be used. */
export function parseTracks(value: unknown): SavedTracks | undefined {
  if (!isRecord(value) || value["version"] !== 1) return undefined;
  const { begunUs, open, standing, endedUs } = value;
  if (!isNumbers(begunUs) || !isRecord(open) || !isRecord(endedUs)) return undefined;
  return {
    version: 1,
    begunUs,
    open: Object.fromEntries(
      Object.entries(open).flatMap(([id, body]) => (isEpisode(body) ? [[id, body] as const] : [])),
    ),
    standing: Object.fromEntries(
      Object.entries(isRecord(standing) ? standing : {}).map(([id, all]) => [id, toEpisodes(all)]),
    ),
    endedUs: Object.fromEntries(
      Object.entries(endedUs).flatMap(([id, us]) =>
        typeof us === "number" ? [[id, us] as const] : [],
      ),
    ),
  };
}

/** What was saved by this or an older program, or nothing that can be used. */
export function parseSaved(value: unknown): SavedDetection | undefined {
  if (!isRecord(value) || value["version"] !== 1 || !isRecord(value["assets"])) return undefined;
  const { begunUs, assets } = value;
  if (!isNumbers(begunUs)) return undefined;
  const read = Object.entries(assets).flatMap(([id, saved]) => {
    const asset = toAsset(saved);
    return asset === undefined ? [] : [[id, asset] as const];
  });
  return { version: 1, begunUs, assets: Object.fromEntries(read) };
}

function toAsset(saved: unknown): SavedAsset | undefined {
  if (!isRecord(saved) || !isRecord(saved["baselines"])) return undefined;
  const { setpoints, endedUs, open, standing } = saved;
  const baselines = Object.entries(saved["baselines"]).flatMap(([key, values]) =>
    isNumbers(values) ? [[key, values] as const] : [],
  );
  return {
    baselines: Object.fromEntries(baselines),
    setpoints: Array.isArray(setpoints)
      ? setpoints.map((each: unknown) => (typeof each === "number" ? each : null))
      : [],
    endedUs: typeof endedUs === "number" ? endedUs : 0,
    ...(isEpisode(open) ? { open } : {}),
    ...(standing === undefined ? {} : { standing: toEpisodes(standing) }),
  };
}

function toEpisodes(value: unknown): readonly EpisodeBody[] {
  return Array.isArray(value) ? value.filter(isEpisode) : [];
}

/** Written by ourselves, in the same version: that it is there is what has to be seen. */
function isEpisode(value: unknown): value is EpisodeBody {
  return (
    isRecord(value) &&
    typeof value["beginUs"] === "number" &&
    typeof value["score"] === "number" &&
    Array.isArray(value["contributions"]) &&
    Array.isArray(value["levels"]) &&
    Array.isArray(value["detectors"])
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => typeof each === "number");
}
