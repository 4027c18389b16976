/** Rules as people and events are told of them. */
import { toJsonScalar, type NewEvent, type RuleEvent } from "@millwright/wire-contract/events";

import type { Rule, RuleBook } from "./rule.ts";
import type { ActionFile } from "./rule-file.ts";
import type { OperandRow, RuleRow } from "./rule-row.ts";
import type { RuleState } from "./rule-state.ts";
import { actionWords, sourceWords, thenWords, whenWords } from "./rule-words.ts";
import type { Operand } from "./scan.ts";

/** @param why inputs when it fired last, where that is known */
export function rowOf(
  rule: Rule,
  state: Readonly<RuleState>,
  now: readonly OperandRow[],
  why: readonly OperandRow[] | undefined,
): RuleRow {
  const { paused } = state;
  return {
    id: rule.id,
    version: rule.version,
    title: rule.title,
    asset: rule.asset,
    when: whenWords(rule),
    then: thenWords(rule.then),
    truth: state.truth,
    fired: state.active,
    ...(Number.isFinite(state.firedUs) ? { lastFiredUs: state.firedUs } : {}),
    firedCount: state.firedCount,
    ...(Number.isNaN(state.sinceUs) ? {} : { pendingSinceUs: state.sinceUs }),
    latch: rule.latch,
    pausedBy: rule.pausedBy,
    ...(paused === undefined ? {} : { paused: { ...paused } }),
    now,
    ...(why === undefined ? {} : { why }),
    ...(rule.trusting === undefined ? {} : { trusting: rule.trusting }),
  };
}

/** @param operands in the order of the rule's inputs */
export function operandRows(
  rule: Rule,
  { slots }: RuleBook,
  operands: readonly Operand[],
): readonly OperandRow[] {
  return operands.map(({ value, ...rest }, at) => {
    const slot = slots[rule.inputs[at]?.slot ?? -1];
    return {
      ...rest,
      source: slot === undefined ? "" : sourceWords(slot.source),
      value: value === undefined ? null : toJsonScalar(value),
    };
  });
}

export function eventOf(
  rule: Rule,
  what: RuleEvent["what"],
  atUs: number,
  operands: readonly OperandRow[],
  actions: readonly ActionFile[],
): Extract<NewEvent, { kind: "rule" }> {
  return {
    kind: "rule",
    atUs,
    asset: rule.asset,
    subject: rule.id,
    body: {
      what,
      version: rule.version,
      operands: operands.map(({ name, value, measuredUs, status }) => ({
        name,
        value,
        measuredUs,
        status,
      })),
      actions: actions.map(actionWords),
    },
  };
}
