import type { BundleRole } from "@millwright/wire-contract/events";

/** One bundle as screens show it. */
export interface ModelRow {
  /** Name and version that run now; the folder's name while nothing could be opened. */
  readonly bundle: string;
  readonly version: string;
  readonly role: BundleRole;
  readonly state: "runs" | "starts" | "stopped" | "refused";
  /** What it runs instead of, or why it does not run. */
  readonly note: string;
  readonly assets: readonly ModelAssetRow[];
  /** CPU time of the newest window, ms; absent before the first. */
  readonly latencyMs?: number;
}

export interface ModelAssetRow {
  readonly asset: string;
  /** Over its limit: 1 is where an episode begins; absent before the first. */
  readonly score?: number;
  readonly atUs?: number;
  /** Why the newest window was not scored, naming the tag; "" when it was. */
  readonly silence: string;
  readonly windows: number;
  readonly unscored: number;
}

/** The models of this gateway and the process that runs them. */
export interface ModelsState {
  readonly models: readonly ModelRow[];
  /** What keeps the detect host in, in words. */
  readonly isolation: string;
  /** No network of its own could be closed. */
  readonly networkOpen: boolean;
  readonly residentBytes?: number;
  readonly restarts: number;
  readonly windowsLost: number;
}
