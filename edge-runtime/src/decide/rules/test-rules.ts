/** Rules over a plant of plain tags, for tests and benches. */
import type { ValueType } from "@millwright/wire-contract";
import { parse } from "yaml";

import { compileRules, type RulePlant } from "./compile-rules.ts";
import type { RuleBook } from "./rule.ts";
import { rulesFile } from "./rule-file.ts";

/** Tags in the order of their indices, read each second. */
export function plantOf(tags: Readonly<Record<string, ValueType>>): RulePlant {
  const ids = Object.keys(tags);
  return {
    tag(id) {
      const type = tags[id];
      const index = ids.indexOf(id);
      return type === undefined
        ? undefined
        : { id, index, type, freshForUs: 5_000_000, trust: undefined };
    },
    asset: () => undefined,
    alarm: () => undefined,
    capture: () => false,
  };
}

/** @param yaml a list of rules, as `rules:` has it. Throws where one is refused. */
export function ruleBook(plant: RulePlant, yaml: string): RuleBook {
  const { book, problems } = compileRules(rulesFile.parse(parse(yaml)), plant);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return book;
}
