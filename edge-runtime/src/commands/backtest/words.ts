/** What a backtest found, for a person at a terminal. */
import type { BacktestFigures } from "../../decide/backtest/outcome.ts";
import type { Stretch } from "../../decide/backtest/past.ts";
import type { DeadBandTrial } from "./dead-band.ts";

export interface BacktestReport {
  readonly title: string;
  readonly fromUs: number;
  readonly toUs: number;
  /** The first sample that is still kept in the time; absent where there is none. */
  readonly firstUs?: number;
  readonly samples: number;
  /** To the byte what the gateway did, or would have done; otherwise why not. */
  readonly sameAsLive: boolean;
  readonly inexact: readonly string[];
  readonly figures: BacktestFigures;
}

const dayUs = 86_400_000_000;

export function reportWords(report: BacktestReport, chart: string): string {
  const { figures, inexact } = report;
  const { labels } = figures;
  const lines = [
    report.title,
    `  ${timeWords(report)}: ${report.samples} samples`,
    ...shortWords(report),
    `  fired ${times(figures.fires)} (${digits(figures.firesPerDay)} a day), ${percent(figures.firedShare)} of the time, the longest for ${lengthWords(figures.longestS)}`,
    `  did not know for ${percent(figures.unknownShare)} of the time`,
    `  chattering in ${figures.chatteringMinutes} minutes (3 fires or more); over within 10 s: ${times(figures.fleeting)}`,
    labels.faults === 0
      ? "  nobody has labelled a fault in this time, so nothing can be said to be missed"
      : `  ${labels.found} of ${labels.faults} labelled faults found${labels.found === 0 ? "" : `, half of them within ${lengthWords(labels.medianDelayS)}`}; fires in what was labelled no fault: ${labels.falseFires}`,
    ...labels.missed.map(
      ({ fromUs, failureMode, author }) =>
        `  missed: ${failureMode === "" ? "a fault" : failureMode}, ${at(fromUs)}, labelled by ${author}`,
    ),
    inexact.length === 0
      ? "  the same as the running gateway would have decided, to the byte"
      : `  not to the byte what the running gateway decides: ${inexact.join("; ")}`,
    `  chart: ${chart}`,
  ];
  return `${lines.join("\n")}\n`;
}

export function deadBandWords({ tag, deadBand, kept, told, worst }: DeadBandTrial): string {
  const share = kept === 0 ? 0 : told / kept;
  return `dead-band ${deadBand} of ${tag}: ${told} of ${kept} samples would be told (${percent(share)}), none of the others further than ${digits(worst)} from what was told before it\n`;
}

/** Where less is kept than was asked for. */
function shortWords({ fromUs, toUs, firstUs }: BacktestReport): readonly string[] {
  if (firstUs === undefined) return ["  the gateway keeps no samples of this time"];
  if (firstUs - fromUs < 0.05 * (toUs - fromUs)) return [];
  return [
    `  the gateway keeps samples from ${at(firstUs)} on; raise journal.keepRawHours to try longer times`,
  ];
}

function timeWords({ fromUs, toUs }: Stretch): string {
  return `${at(fromUs)} to ${at(toUs)} (${digits((toUs - fromUs) / dayUs)} days)`;
}

function at(us: number): string {
  return `${new Date(us / 1_000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function lengthWords(s: number): string {
  if (s >= 5_400) return `${digits(s / 3_600)} h`;
  return s >= 90 ? `${digits(s / 60)} min` : `${digits(s)} s`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function percent(share: number): string {
  return `${digits(share * 100)} %`;
}

function digits(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
