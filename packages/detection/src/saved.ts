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
  readonly open?: EpisodeBody;
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
  const { setpoints, endedUs, open } = saved;
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
  };
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
