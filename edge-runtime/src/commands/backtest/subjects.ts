/** What a person wants to try, and the player that tries it. */
import { staleAfterMs, type TagBook } from "@millwright/wire-contract";
import type { EventRecord } from "@millwright/wire-contract/events";

import type { ChartLine } from "../../decide/backtest/chart.ts";
import { SpanBook, type Outcome } from "../../decide/backtest/outcome.ts";
import type { PastTag, Player, Stretch } from "../../decide/backtest/past.ts";
import { PlayedAlarm, type OpenFrom } from "../../decide/backtest/played-alarm.ts";
import { PlayedRules, toldValues } from "../../decide/backtest/played-rules.ts";
import { compileRules } from "../../decide/rules/compile-rules.ts";
import { rulesFile, type RuleFile } from "../../decide/rules/rule-file.ts";
import { whenWords } from "../../decide/rules/rule-words.ts";
import type { Settings } from "../../settings/load-settings.ts";
import { rulePlant } from "../../settings/rule-check.ts";

/** One thing that is tried. */
export interface Subject {
  /** For file names: "R-7". */
  readonly id: string;
  readonly title: string;
  /** "" for all of the gateway. */
  readonly asset: string;
  readonly tags: readonly (PastTag & {
    readonly name: string;
    readonly unit: string;
    /** Told when it changes: what was told before the time is looked for. */
    readonly proven?: boolean;
  })[];
  /** Why it is not the same as live, to the byte; empty when it is. */
  readonly inexact: readonly string[];
  /** @param judged told of each window that a bundle has judged, and its score over the limit */
  player(
    events: readonly EventRecord[],
    time: Stretch,
    judged?: (endUs: number, ratio: number) => void,
  ): TriedPlayer;
}

export interface TriedPlayer extends Player {
  /** What was known of a tag when the time began, the newest first. */
  seed?(place: number, value: number, status: number, measuredUs: number): void;
  /** Drawn beside the tags. */
  readonly lines?: readonly ChartLine[];
  outcome(time: Stretch): Outcome;
}

/** @returns in words what is wrong with the question, or what is to be tried */
export function subjectsOf(
  asked: { readonly rule?: string; readonly alarm?: string; readonly limit?: string },
  settings: Settings,
  book: TagBook,
): readonly Subject[] | string {
  if (asked.alarm !== undefined) return alarmSubject(asked.alarm, settings, book);
  if (asked.limit !== undefined) {
    const rule = limitRule(asked.limit);
    if (typeof rule === "string") return rule;
    return ruleSubjects([rule], settings, book);
  }
  const rules = settings.rules.filter(({ id }) => asked.rule === undefined || id === asked.rule);
  if (rules.length > 0) return ruleSubjects(rules, settings, book);
  return asked.rule === undefined
    ? "the settings have no rules; name an alarm or a limit"
    : `there is no rule ${asked.rule} (${settings.rules.map(({ id }) => id).join(", ")})`;
}

/** "press-1/temp=95" or "press-1/level=<10": a rule that nobody has written yet. */
function limitRule(text: string): RuleFile | string {
  const [, tag, low, limit] = /^(.+)=(<?)(-?\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (tag === undefined || limit === undefined) {
    return `--limit ${text} is no limit such as press-1/temp=95, or press-1/level=<10`;
  }
  const sign = low === "<" ? "<" : ">";
  const when = `value ${sign} ${limit.includes(".") ? limit : `${limit}.0`}`;
  const [rule] = rulesFile.parse([
    {
      ...{ id: "limit", version: "1", title: `${tag} ${sign} ${limit}`, inputs: { value: tag } },
      // A bare limit has nothing that keeps it from chattering: that is what is to be seen.
      ...{ when, atMostEvery: "0 s", then: [{ notify: "beyond the limit" }] },
    },
  ]);
  return rule ?? `--limit ${text} cannot be tried`;
}

function ruleSubjects(
  files: readonly RuleFile[],
  settings: Settings,
  book: TagBook,
): readonly Subject[] | string {
  const plant = rulePlant({ ...settings, tagOf: (id) => book.byId(id) }, (id) => book.indexOf(id));
  const subjects: Subject[] = [];
  for (const file of files) {
    const { book: rules, problems } = compileRules([file], plant);
    const [rule] = rules.rules;
    if (rule === undefined || problems.length > 0) {
      return problems.map(({ path, what }) => `${file.id} ${path.join(".")}: ${what}`).join("\n");
    }
    const inexact: string[] = [];
    const slots: number[] = [];
    const tags: Subject["tags"][number][] = [];
    for (const [slot, { source, freshForUs }] of rules.slots.entries()) {
      if (source.kind !== "tag") {
        inexact.push("states, episodes and alarms count from the time of their events");
        continue;
      }
      const tag = pastTag(source.index, source.tag, settings, book, inexact);
      if (tag === undefined) continue;
      slots.push(slot);
      tags.push(tag);
      if (freshForUs !== Infinity && isToldOnly(settings, tag.device)) {
        inexact.push(`proofs of ${tag.device} that brought no value are not kept`);
      }
    }
    subjects.push({
      id: file.id,
      title: `rule ${file.id}, version ${file.version}: ${file.title} (${whenWords(rule)})`,
      asset: rule.asset,
      tags,
      inexact: [...new Set(inexact)],
      player(events, time) {
        const fired = new SpanBook();
        const unknown = new SpanBook();
        const told = toldValues(rules.slots, events, time.fromUs);
        const player = new PlayedRules(rules, slots, told, ({ what, atUs }) => {
          if (what === "fired") fired.begin(atUs);
          else if (what === "cleared") fired.end(atUs);
          else if (what === "unknown") unknown.begin(atUs);
          else if (what === "known") unknown.end(atUs);
        });
        return withOutcome(player, (within) => ({
          fired: fired.within(within),
          unknown: unknown.within(within),
        }));
      },
    });
  }
  return subjects;
}

function alarmSubject(id: string, settings: Settings, book: TagBook): readonly Subject[] | string {
  const alarm = settings.alarms.alarms.find((each) => each.id === id);
  if (alarm === undefined) {
    return `there is no alarm ${id} (${settings.alarms.alarms.map((each) => each.id).join(", ")})`;
  }
  const { tag: tagId, states, asset } = alarm;
  if (tagId === undefined) {
    return `alarm ${id} is raised by a rule or by detection; try the rule that raises it`;
  }
  const inexact = ["alarms count from when they were looked at, some milliseconds after the value"];
  const index = book.indexOf(tagId);
  const tag = index === undefined ? undefined : pastTag(index, tagId, settings, book, inexact);
  const traits = index === undefined ? undefined : book.traitsOf(index);
  if (tag === undefined || traits === undefined) return `"${tagId}" is no tag`;
  const settleUs =
    (settings.assets.find((each) => each.id === asset)?.state?.settleS ?? 0) * 1_000_000;
  return [
    {
      ...{ id, title: `alarm ${id}: ${alarm.message}`, asset, tags: [tag], inexact },
      player(events) {
        const fired = new SpanBook();
        const opens = states === undefined ? [] : opensOf(events, asset, states, settleUs);
        const player = new PlayedAlarm(
          alarm,
          staleAfterMs(traits.expectedMs) * 1_000,
          opens,
          (atUs, counts) => {
            if (counts) fired.begin(atUs);
            else fired.end(atUs);
          },
        );
        return withOutcome(player, (within) => ({ fired: fired.within(within), unknown: [] }));
      },
    },
  ];
}

/** When the states of an asset let an alarm be judged. */
function opensOf(
  events: readonly EventRecord[],
  asset: string,
  states: readonly string[],
  settleUs: number,
): readonly OpenFrom[] {
  const opens: OpenFrom[] = [{ atUs: 0, open: false }];
  for (const event of events) {
    if (event.kind !== "context" || event.asset !== asset) continue;
    const { context, what, value } = event.body;
    if (context !== "state" || what !== "began") continue;
    const { atUs } = event;
    opens.push({ atUs, open: false });
    if (states.includes(value)) opens.push({ atUs: atUs + settleUs, open: true });
  }
  // A state that ended before it had settled was none.
  return opens.filter(
    ({ atUs, open }, at) =>
      !open || !opens.some((later, place) => place > at && !later.open && later.atUs < atUs),
  );
}

export function pastTag(
  index: number,
  id: string,
  settings: Settings,
  book: TagBook,
  inexact: string[],
): (Subject["tags"][number] & { readonly device: string }) | undefined {
  const traits = book.traitsOf(index);
  if (traits === undefined) return undefined;
  const device = settings.devices.find((each) => each.id === traits.device);
  const byDevice =
    traits.clock === "device" &&
    device?.clockPolicy !== "ignore" &&
    !unstamped.includes(device?.driver.protocol ?? "");
  if (byDevice) inexact.push(`${id} counts from when its device measured it, not from its arrival`);
  return { index, byDevice, name: id, unit: traits.unit, device: traits.device };
}

/** Their protocols carry no times: the gateway stamps what it receives. */
const unstamped: readonly string[] = ["modbus", "health"];

/** The device proves values without sending them. */
export function isToldOnly(settings: Settings, device: string): boolean {
  const found = settings.devices.find(({ id }) => id === device);
  return found?.driver.proofEveryMs !== undefined;
}

function withOutcome(player: Player, outcome: (time: Stretch) => Outcome): TriedPlayer {
  return {
    value: (...of) => {
      player.value(...of);
    },
    restarted: (...of) => {
      player.restarted(...of);
    },
    upTo: (atUs) => {
      player.upTo(atUs);
    },
    outcome,
  };
}
