import type { ResumePoint } from "../driver.ts";
import type { LastSeen } from "./last-seen.ts";
import { parseLagRun, type LagRun } from "./item-lags.ts";
import type { HoleEnds, OpenHole } from "./open-hole.ts";
import type { SettledNumbers } from "./settled-numbers.ts";

/** What a conversation leaves behind, as the journal keeps it. */
export interface Resume {
  /** The server that holds it. */
  readonly url: string;
  readonly subscriptionId: number;
  readonly publishingMs: number;
  readonly keepAliveCount: number;
  readonly lifetimeCount: number;
  /** What the server made of our wishes for the items, in words. */
  readonly outcome: string;
  readonly sessionToken: string;
  readonly sessionNonce: string;
  /** The last message whose values are all on disk; 0 when there was none. */
  readonly lastSequence: number;
  readonly startTimeUs: number;
  /** Names the server's namespaces, whose indices stand in the ids of the subscription. */
  readonly namespaces: string;
  /** What the subscription was made for. */
  readonly items: string;
  /** When the last settled message came, by our clock, µs; before the first, when the subscription was made. */
  readonly untilUs: number;
  /** When it was published, by the server's clock, µs. */
  readonly publishedUs: number;
  /** What lies behind the subscription and was neither read nor charged. */
  readonly hole?: HoleEnds;
  /** Clocks that are behind the server's, by item of what `lagsOf` names as `items` does. */
  readonly lags: readonly LagRun[];
  readonly lagsOf: string;
  /** Names what this process remembers beyond that. */
  readonly memory: string;
}

/** What is remembered only as long as the process lives: more than a resume point may hold. */
export interface Memory {
  /** Goes on in the next conversation, because batches of this one may still be on their way to the disk. */
  readonly settled: SettledNumbers;
  readonly seen: LastSeen;
  /** What the subscription was made for: what is remembered by item holds for these items only. */
  readonly items: string;
  readonly hole?: OpenHole;
}

const memories = new Map<string, Memory>();
/** One for each device that has no conversation at the moment; more devices than this no gateway has. */
const memoriesMax = 1_000;

export function remember(name: string, memory: Memory): void {
  memories.set(name, memory);
  const oldest = memories.keys().next().value;
  if (memories.size > memoriesMax && oldest !== undefined) memories.delete(oldest);
}

/** Hands over what this process remembers, once. */
export function recall(name: string): Memory | undefined {
  const memory = memories.get(name);
  memories.delete(name);
  return memory;
}

export function toResumePoint({ hole, ...resume }: Resume): ResumePoint {
  return hole === undefined ? resume : { ...resume, hole: { ...hole } };
}

/** Undefined when the journal holds nothing of use: a resume point of another version, or of a first opening. */
export function parseResume(point: ResumePoint | undefined): Resume | undefined {
  if (point === undefined) return undefined;
  const text = (name: string): string => {
    const value = point[name];
    return typeof value === "string" ? value : "";
  };
  const number = (name: string): number => numberIn(point, name);
  const subscriptionId = number("subscriptionId");
  if (subscriptionId === 0) return undefined;
  const hole = parseHole(point["hole"]);
  return {
    url: text("url"),
    subscriptionId,
    publishingMs: number("publishingMs"),
    keepAliveCount: number("keepAliveCount"),
    lifetimeCount: number("lifetimeCount"),
    outcome: text("outcome"),
    sessionToken: text("sessionToken"),
    sessionNonce: text("sessionNonce"),
    lastSequence: number("lastSequence"),
    startTimeUs: number("startTimeUs"),
    namespaces: text("namespaces"),
    items: text("items"),
    untilUs: number("untilUs"),
    publishedUs: number("publishedUs"),
    ...(hole === undefined ? {} : { hole }),
    lags: parseLags(point["lags"]),
    lagsOf: text("lagsOf"),
    memory: text("memory"),
  };
}

function parseLags(lags: ResumePoint[string] | undefined): readonly LagRun[] {
  return Array.isArray(lags) ? lags.map(parseLagRun).filter((run) => run !== undefined) : [];
}

function parseHole(hole: ResumePoint[string] | undefined): HoleEnds | undefined {
  if (typeof hole !== "object" || hole === null || Array.isArray(hole)) return undefined;
  const ends = hole as ResumePoint;
  return {
    sinceUs: numberIn(ends, "sinceUs"),
    untilUs: numberIn(ends, "untilUs"),
    fromUs: numberIn(ends, "fromUs"),
    toUs: numberIn(ends, "toUs"),
  };
}

function numberIn(point: ResumePoint, name: string): number {
  const value = point[name];
  return typeof value === "number" ? value : 0;
}
