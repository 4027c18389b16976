/** What begins the times that are laid over each other: an alarm or an episode that there was, or a limit. */
import { durationWords, unitWords } from "@millwright/ui-kit";
import { classWords, drawnAs, type WindowRule } from "@millwright/ui-kit/trends";
import type { LiveTag } from "@millwright/wire-contract";
import type { TimeMark } from "@millwright/wire-contract/events";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { sayWindow, sayWindowCount } from "./window-messages.ts";

export interface RuleChoiceProps {
  readonly tag: LiveTag;
  /** Of the time shown. */
  readonly marks: readonly TimeMark[];
  readonly rule: WindowRule | undefined;
  readonly onRule: (rule: WindowRule | undefined) => void;
}

interface Option {
  readonly value: string;
  readonly words: string;
  readonly rule: WindowRule;
}

export function RuleChoice(props: RuleChoiceProps): JSX.Element {
  const { tag, marks, rule, onRule } = props;
  const options = [...optionsOf(marks), ...(drawnAs(tag) === "line" ? limitOptions(tag) : [])];
  const chosen = rule === undefined ? "" : valueOf(rule);
  // An address may name one that did not happen in the time shown.
  const isThere = chosen === "" || options.some(({ value }) => value === chosen);
  return (
    <div class="window-rule">
      <label class="choice-of-few">
        {sayWindow("rule.label")}
        <select
          value={chosen}
          onChange={({ currentTarget }) => {
            onRule(options.find(({ value }) => value === currentTarget.value)?.rule);
          }}
        >
          <option value="">{sayWindow("rule.none")}</option>
          {options.map(({ value, words }) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
          {!isThere && rule !== undefined && (
            <option value={chosen}>{sayWindow("rule.gone", { what: nameOf(rule) })}</option>
          )}
        </select>
      </label>
      {rule !== undefined && (rule.kind === "above" || rule.kind === "below") && (
        <Limit key={rule.kind} tag={tag} rule={rule} onRule={onRule} />
      )}
    </div>
  );
}

function optionsOf(marks: readonly TimeMark[]): readonly Option[] {
  const groups = new Map<string, TimeMark[]>();
  for (const mark of marks) {
    const key = valueOf(ruleOf(mark));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [mark]);
    else group.push(mark);
  }
  return [...groups].flatMap(([value, of]): Option[] => {
    const newest = of.at(-1);
    if (newest === undefined) return [];
    const words =
      newest.kind === "alarm"
        ? sayWindowCount("rule.alarm", of.length, { message: newest.message })
        : sayWindowCount("rule.episode", of.length, { class: classWords(newest.class) });
    return [{ value, words, rule: ruleOf(newest) }];
  });
}

function ruleOf(mark: TimeMark): WindowRule {
  return mark.kind === "alarm"
    ? { kind: "alarm", id: mark.id }
    : { kind: "episode", class: mark.class };
}

/** The limits of its normal range are what is asked for first; without one any number is as good. */
function limitOptions({ low, high }: LiveTag): readonly Option[] {
  return (["above", "below"] as const).map((kind) => ({
    value: kind,
    words: sayWindow(`rule.${kind}`),
    rule: { kind, limit: (kind === "above" ? high : low) ?? 0, leastUs: 0 },
  }));
}

function valueOf(rule: WindowRule): string {
  if (rule.kind === "alarm") return `alarm ${rule.id}`;
  return rule.kind === "episode" ? `episode ${rule.class}` : rule.kind;
}

function nameOf(rule: WindowRule): string {
  if (rule.kind === "alarm") return sayWindow("what.alarm", { message: rule.id });
  if (rule.kind === "episode") return sayWindow("what.episode", { class: classWords(rule.class) });
  return sayWindow(`rule.${rule.kind}`);
}

/** s */
const leastTimes = [0, 10, 60, 600, 3_600, 28_800];

function Limit(props: {
  readonly tag: LiveTag;
  readonly rule: Extract<WindowRule, { readonly kind: "above" | "below" }>;
  readonly onRule: (rule: WindowRule) => void;
}): JSX.Element {
  const { tag, rule, onRule } = props;
  const unit = unitWords(tag.unit);
  // What is typed is kept until it is done: the page is painted anew each second.
  const [text, setText] = useState(String(rule.limit));
  useEffect(() => setText(String(rule.limit)), [rule.limit]);
  return (
    <>
      <label class="choice-of-few">
        {unit === "" ? sayWindow("limit.label.no-unit") : sayWindow("limit.label", { unit })}
        <input
          type="number"
          step="any"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onChange={({ currentTarget }) => {
            const limit = currentTarget.valueAsNumber;
            if (Number.isFinite(limit)) onRule({ ...rule, limit });
            else setText(String(rule.limit));
          }}
        />
      </label>
      <label class="choice-of-few">
        {sayWindow("least.label")}
        <select
          value={String(rule.leastUs / 1e6)}
          onChange={({ currentTarget }) => {
            onRule({ ...rule, leastUs: Number(currentTarget.value) * 1e6 });
          }}
        >
          {[...new Set([...leastTimes, rule.leastUs / 1e6])]
            .toSorted((a, b) => a - b)
            .map((seconds) => (
              <option key={seconds} value={String(seconds)}>
                {seconds === 0 ? sayWindow("least.0") : durationWords(seconds * 1_000)}
              </option>
            ))}
        </select>
      </label>
    </>
  );
}
