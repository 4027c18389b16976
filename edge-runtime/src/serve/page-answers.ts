/**
 * Types only: what the gateway answers its own page, by address. The routes are written to them, and the page takes them from
 * here; what is added for one is known to the other. What it is told of people is `AccessAnswer` in `hand-over.ts`.
 */
import type { AlarmCounts, AlarmEvent, AlarmRow } from "@millwright/wire-contract/events";
import type { TagId } from "@millwright/wire-contract";

import type {
  AssetHealth,
  CommandChange,
  ConnectionFindings,
  DiagnosticsFile,
  Episode,
  Grant,
  GrantView,
  InterlockView,
  LocalOffer,
  LocalOrder,
  ModelsState,
  PublishState,
  Rehearsal,
  RuleRow,
} from "../hand-over.ts";

/** `GET /api/alarms?since=REVISION`. */
export interface AlarmsAnswer {
  readonly revision: number;
  readonly rows: readonly AlarmRow[];
  readonly counts: AlarmCounts;
  readonly nowUs: number;
  /** When this shift ends; absent where the settings have no shifts. */
  readonly shiftEndUs?: number;
}

/** `GET /api/alarms/history`: transitions, the newest first. */
export interface AlarmHistoryAnswer {
  readonly events: readonly AlarmStory[];
  /** There are older ones: they are asked for with it. */
  readonly before?: number;
}

export interface AlarmStory extends AlarmEvent {
  readonly number: number;
  readonly atUs: number;
  readonly asset: string;
  readonly alarm: string;
}

/** `GET /api/assets`: those that the settings declare. */
export interface AssetsAnswer {
  readonly assets: readonly AssetHealth[];
  readonly nowUs: number;
}

/** `GET /api/episodes`: each as it stands, the newest first. */
export interface EpisodesAnswer {
  readonly episodes: readonly Episode[];
  readonly nowUs: number;
}

/** `GET /api/buffer?outageHours=…`: null is "never, at the rates of now", because JSON has no Infinity. */
export type BufferAnswer = Omit<Rehearsal, FarOff> & {
  readonly [until in FarOff]: number | null;
};
type FarOff = "thinsInS" | "exposesInS" | "shedsInS" | "refusesInS";

/** `POST /api/connection/test`: what the gateway found on its way to the hub. */
export type ConnectionAnswer = ConnectionFindings;

/** `POST /api/diagnostics`. */
export type DiagnosticsAnswer = DiagnosticsFile;

/** `GET /api/commands`. */
export interface CommandsAnswer {
  readonly grants: readonly GrantRow[];
  /** `blocks` holds names. */
  readonly interlocks: readonly InterlockRow[];
  /** Belong to the safety controller. */
  readonly safetyTags: readonly TagId[];
  /** The newest first. */
  readonly recent: readonly RecentWrite[];
}

export interface GrantRow
  extends Pick<Grant, "tag" | "origins" | "rule" | "role" | "dryRun">, Omit<GrantView, "grant"> {
  /** null: no bound of its own. */
  readonly low: number | null;
  readonly high: number | null;
  readonly stepMax: number | null;
  readonly changePerMinuteMax: number | null;
  /** What the machine must be in: "the spindle in remote". */
  readonly mode?: string;
  readonly readBack: Grant["readBack"]["kind"];
}

export interface InterlockRow extends Omit<InterlockView, "blocks"> {
  /** Names of what it blocks. */
  readonly blocks: readonly string[];
}

export interface RecentWrite extends CommandChange {
  readonly name: string;
  readonly unit: string;
}

/** `GET /api/local-orders`: of this start, the newest first. */
export interface LocalOrdersAnswer {
  readonly orders: readonly LocalOrder[];
}

/** `GET /api/local-orders/offers`: the newest first. */
export interface LocalOffersAnswer {
  readonly offers: readonly LocalOffer[];
}

/** `GET /api/models`: nothing but an empty list where no bundle is configured. */
export type ModelsAnswer = Pick<ModelsState, "models"> & Partial<ModelsState>;

/** `GET /api/publish`: empty where nobody but the hub is told. */
export interface PublishAnswer {
  readonly sparkplug?: PublishState;
}

/** `GET /api/rules`: in the order in which they are scanned. */
export interface RulesAnswer {
  readonly rules: readonly RuleRow[];
}
