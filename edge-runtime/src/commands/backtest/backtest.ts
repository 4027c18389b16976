import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { silentLog } from "@millwright/kit";
import type { Dictionary, SampleColumns } from "@millwright/wire-contract";
import type { EventRecord } from "@millwright/wire-contract/events";

import { journalName } from "../../buffer/journal-copy.ts";
import { openJournalCore, type JournalCore } from "../../buffer/journal.ts";
import { ChartLine, chartSvg } from "../../decide/backtest/chart.ts";
import { figuresOf, labelsOf } from "../../decide/backtest/outcome.ts";
import {
  lastBefore,
  playPast,
  startsIn,
  type Past,
  type Stretch,
} from "../../decide/backtest/past.ts";
import { loadSettings, type Settings } from "../../settings/load-settings.ts";
import type { Command, CommandContext } from "../command.ts";
import { copyJournal } from "../copy-journal.ts";
import { tryDeadBand } from "./dead-band.ts";
import { subjectsOf, type Subject } from "./subjects.ts";
import { deadBandWords, reportWords, type BacktestReport } from "./words.ts";

const dayUs = 86_400_000_000;
const hourUs = 3_600_000_000;
/** Played before the time that is asked for, so that what lasts from before is there: longer than nearly all `for`. */
const warmUpUs = 2 * hourUs;
/** So many events are read at a time. */
const eventsMax = 1_000;

export const backtestCommand: Command = {
  name: "backtest",
  usage:
    "backtest [--rule R | --alarm A | --limit TAG=95 | --limit TAG=<5 | --dead-band TAG=0.5 | --bundle B [--asset A]] [--days 7] [--to FOLDER] [--settings gateway.yaml]",
  what: "Tries rules, an alarm, a limit, a model bundle or a dead-band of the settings on what the gateway has kept, with the code that runs live: how often it would have fired, and what it would have missed. The gateway may run.",
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        rule: { type: "string" },
        alarm: { type: "string" },
        limit: { type: "string" },
        "dead-band": { type: "string" },
        bundle: { type: "string" },
        asset: { type: "string" },
        days: { type: "string", default: "7" },
        to: { type: "string", default: "backtest" },
      },
    });
    const days = Number(values.days);
    const { bundle, asset } = values;
    const named = [values.rule, values.alarm, values.limit, values["dead-band"], bundle];
    const many = named.filter((one) => one !== undefined).length > 1;
    if (!(days > 0 && days <= 366) || many || (asset !== undefined && bundle === undefined)) {
      process.stderr.write(`usage: millwright ${backtestCommand.usage}\n`);
      return 2;
    }
    const settings = loadSettings(values.settings);
    const nowUs = context.clock.nowUs();
    const time = { fromUs: nowUs - Math.round(days * dayUs), toUs: nowUs };
    return await withCopy(settings, context, async (journal, dictionary) => {
      const { "dead-band": deadBand, rule, alarm, limit, to } = values;
      if (deadBand !== undefined) {
        return await tryTelling(deadBand, journal, dictionary, time, context);
      }
      if (bundle !== undefined) {
        const wish = { bundle, ...(asset === undefined ? {} : { asset }) };
        return await tryBundle(wish, settings, journal, dictionary, time, resolve(to), context);
      }
      const subjects = subjectsOf(
        {
          ...(rule === undefined ? {} : { rule }),
          ...(alarm === undefined ? {} : { alarm }),
          ...(limit === undefined ? {} : { limit }),
        },
        settings,
        dictionary.book,
      );
      if (typeof subjects === "string") {
        process.stderr.write(`${subjects}\n`);
        return 2;
      }
      const events = await eventsOf(journal, time);
      for (const subject of subjects) {
        await tryOne(subject, journal, events, time, resolve(to), context);
      }
      return 0;
    });
  },
};

/** The copy is opened as a journal is, and goes when all is tried; the gateway's own is not touched. */
async function withCopy(
  settings: Settings,
  { clock, random, until }: CommandContext,
  work: (journal: JournalCore, dictionary: Dictionary) => Promise<number>,
): Promise<number> {
  // Beside the journal: there is the disk that is large enough for it.
  const folder = mkdtempSync(`${resolve(settings.journal.folder)}.backtest-`);
  try {
    await copyJournal(settings.journal.folder, join(folder, journalName), until);
    const journal = openJournalCore({
      ...{ folder, gateway: settings.gateway.id, clock, random, log: silentLog },
      ...{ commitEveryMs: settings.journal.commitEveryMs, tellEveryMs: settings.telling.everyMs },
      // Nothing of the copy is let go while it is read.
      ...{ keepRawHours: 24 * 3_660, bytesMax: settings.journal.bytesMax * 2 },
      onBroken(failure) {
        throw failure;
      },
    });
    try {
      const tags = settings.devices.flatMap((device) => device.tags.map(({ tag }) => tag));
      return await work(journal, await journal.adoptTags(tags));
    } finally {
      await journal.abandon();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Its host, its features and its gate are loaded for those who ask for a bundle only. */
async function tryBundle(
  wish: { readonly bundle: string; readonly asset?: string },
  settings: Settings,
  journal: JournalCore,
  { book }: Dictionary,
  time: Stretch,
  to: string,
  context: CommandContext,
): Promise<number> {
  const { openBundle } = await import("./bundle-subject.ts");
  const opened = await openBundle(wish, settings, book, context);
  if (typeof opened === "string") {
    process.stderr.write(`${opened}\n`);
    return 2;
  }
  try {
    const events = await eventsOf(journal, time);
    for (const subject of opened.subjects) {
      await tryOne(subject, journal, events, time, to, context);
    }
    return 0;
  } finally {
    await opened[Symbol.asyncDispose]();
  }
}

async function tryOne(
  subject: Subject,
  journal: JournalCore,
  events: readonly EventRecord[],
  time: Stretch,
  to: string,
  { out, until }: CommandContext,
): Promise<void> {
  const lines = subject.tags.map(({ name, unit }) => new ChartLine(name, unit, time));
  const played = { fromUs: time.fromUs - warmUpUs, toUs: time.toUs };
  const player = subject.player(
    events.filter(({ atUs }) => atUs <= time.toUs),
    played,
  );
  let samples = 0;
  let firstUs = Infinity;
  const past: Past = {
    samples: (tag, fromUs, toUs) => journal.readSamples(tag, fromUs, toUs, Infinity),
    starts: (fromUs, toUs) =>
      Promise.resolve(
        startsIn(events.toReversed()).filter(({ beganUs }) => beganUs >= fromUs && beganUs <= toUs),
      ),
  };
  const known = [];
  for (const [place, { index, proven }] of subject.tags.entries()) {
    const last = proven === true ? await lastBefore(past, index, played.fromUs) : undefined;
    if (last !== undefined) known.push({ place, ...last });
  }
  for (const each of known.toSorted((a, b) => b.measuredUs - a.measuredUs)) {
    player.seed?.(each.place, each.value, each.status, each.measuredUs);
  }
  await playPast(
    past,
    subject.tags,
    played,
    {
      value(tag, atUs, value, status, measuredUs) {
        player.value(tag, atUs, value, status, measuredUs);
        if (atUs < time.fromUs) return;
        samples++;
        firstUs = Math.min(firstUs, atUs);
        if (status >>> 30 < 2) lines[tag]?.add(atUs, Number(value ?? NaN));
      },
      restarted: (...of) => {
        player.restarted(...of);
      },
      upTo: (atUs) => {
        player.upTo(atUs);
      },
      caughtUp: () => player.caughtUp?.() ?? Promise.resolve(),
    },
    until,
  );
  const outcome = player.outcome(time);
  const labels = labelsOf(events, subject.asset, time);
  const report: BacktestReport = {
    ...{ title: subject.title, ...time, samples },
    ...(firstUs === Infinity ? {} : { firstUs }),
    ...{ sameAsLive: subject.inexact.length === 0, inexact: subject.inexact },
    figures: figuresOf(outcome, time, labels),
  };
  mkdirSync(to, { recursive: true });
  const name = join(to, subject.id.replaceAll(/[^A-Za-z0-9_.-]/g, "_"));
  writeFileSync(
    `${name}.svg`,
    chartSvg(subject.title, time, [...lines, ...(player.lines ?? [])], outcome, labels),
  );
  writeFileSync(`${name}.json`, `${JSON.stringify({ ...report, ...outcome }, undefined, 2)}\n`);
  out.write(reportWords(report, `${name}.svg`));
}

async function tryTelling(
  asked: string,
  journal: JournalCore,
  { book }: Dictionary,
  time: Stretch,
  { out, until }: CommandContext,
): Promise<number> {
  const [, id, amount] = /^(.+)=(\d+(?:\.\d+)?)$/.exec(asked) ?? [];
  const tag = book.byId(id ?? "");
  if (tag === undefined) {
    const what =
      id === undefined
        ? `--dead-band ${asked} is none such as press-1/temp=0.5`
        : `"${id}" is no tag`;
    process.stderr.write(`${what}\n`);
    return 2;
  }
  const pieces = async function* (): AsyncGenerator<SampleColumns> {
    for (let fromUs = time.fromUs; fromUs < time.toUs; fromUs += hourUs) {
      until.throwIfAborted();
      const toUs = Math.min(time.toUs, fromUs + hourUs) - 1;
      yield await journal.readSamples(tag.index, fromUs, toUs, Infinity);
    }
  };
  out.write(deadBandWords(await tryDeadBand(tag, Number(amount), pieces())));
  return 0;
}

/** What was told of states, episodes, alarms, labels and starts, oldest first; also before the time, for what lasts. */
async function eventsOf(journal: JournalCore, { toUs }: Stretch): Promise<readonly EventRecord[]> {
  const events: EventRecord[] = [];
  for (const kind of ["context", "episode", "alarm", "label", "rule"] as const) {
    for (let before = Infinity; ;) {
      const page = await journal.events.list({
        ...{ kind, toUs, max: eventsMax },
        ...(before === Infinity ? {} : { before }),
      });
      events.push(...page);
      const last = page.at(-1);
      if (last === undefined || page.length < eventsMax) break;
      before = last.number;
    }
  }
  return events.sort((a, b) => a.atUs - b.atUs || a.number - b.number);
}
