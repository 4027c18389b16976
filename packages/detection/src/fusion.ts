/** From scores of many detectors on many tags to what one asset is told about: pure. */
import type { Contribution, DetectionLevel, EpisodeClass } from "@millwright/wire-contract/events";

/** One tag at one level that speaks for something being wrong. */
export interface Finding extends Omit<Contribution, "share"> {
  readonly level: DetectionLevel;
  readonly class: EpisodeClass;
  /** Over its own limit: 1 is where it begins. */
  readonly score: number;
  /** What found it, as an episode names it. */
  readonly detector: string;
}

/** What all findings of an asset say together. */
export interface Fused {
  readonly score: number;
  readonly severity: number;
  readonly class: EpisodeClass;
  readonly levels: readonly DetectionLevel[];
  readonly contributions: readonly Contribution[];
  readonly detectors: readonly string[];
}

/** Below, a tag has nothing to do with it. */
export const speaksFrom = 0.6;
const contributionsMax = 8;
const detectorsMax = 8;
/** From so many tags with a real part in it, what they do together says more than what one of them does. */
const patternTags = 3;
const partOfIt = 0.15;
/** A limit was set by a person, so what crosses it is worse than what is only unusual. */
const levelWeight: Readonly<Record<DetectionLevel, number>> = {
  limit: 1.5,
  model: 1.2,
  statistic: 1,
};
const levelOrder: readonly DetectionLevel[] = ["limit", "statistic", "model"];

/** @returns undefined when nothing speaks */
export function fuse(findings: readonly Finding[]): Fused | undefined {
  const speaking = findings
    .filter(({ score }) => score >= speaksFrom)
    .toSorted((a, b) => b.score - a.score);
  const [worst] = speaking;
  if (worst === undefined) return undefined;
  // A tag that several detectors see counts once, with what says most.
  const byTag = new Map<string, Finding>();
  for (const finding of speaking) if (!byTag.has(finding.tag)) byTag.set(finding.tag, finding);
  const strongest = [...byTag.values()].slice(0, contributionsMax);
  // Squares: a tag twice as far from its limit has four times as much to do with it.
  const weight = strongest.reduce((sum, { score }) => sum + evidence(score), 0);
  const contributions = strongest.map(({ tag, score, actual, expected, within }) => ({
    tag,
    share: Math.round((1_000 * evidence(score)) / weight) / 1_000,
    actual,
    expected,
    within,
  }));
  const loud = speaking.filter(({ score }) => score >= 1);
  const voices = loud.length > 0 ? loud : speaking;
  return {
    score: worst.score,
    severity: severityOf(voices),
    class: classOf(strongest, contributions),
    levels: levelOrder.filter((level) => voices.some((finding) => finding.level === level)),
    contributions,
    detectors: [...new Set(voices.map(({ detector }) => detector))].slice(0, detectorsMax),
  };
}

/** A missing value has no size: past this, more says no more. */
const evidenceMax = 10;

function evidence(score: number): number {
  return Math.min(evidenceMax, score) ** 2;
}

/** 0..1, for order on a screen: rises with how far beyond the limit, with who says so, and with how many tags agree. */
function severityOf(voices: readonly Finding[]): number {
  let worst = 0;
  for (const { score, level } of voices) worst = Math.max(worst, score * levelWeight[level]);
  const tags = new Set(voices.map(({ tag }) => tag)).size;
  const sum = worst * (1 + 0.1 * Math.min(5, tags - 1));
  return Math.round(100 * (1 - 1 / (1 + sum / 2))) / 100;
}

function classOf(
  findings: readonly Finding[],
  contributions: readonly Contribution[],
): EpisodeClass {
  const [worst] = findings;
  if (worst === undefined) return "pattern";
  const missing = findings.filter((finding) => finding.class === "missing").length;
  if (missing * 2 > findings.length) return "missing";
  if (worst.level === "model") return "pattern";
  const parts = contributions.filter(({ share }) => share >= partOfIt).length;
  return parts >= patternTags && worst.class !== "missing" ? "pattern" : worst.class;
}
