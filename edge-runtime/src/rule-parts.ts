/** Rules, joined with what they see and with what they set in motion. Part of `runtime.ts`. */
import type { Clock, Log } from "@millwright/kit";
import type { TagBook } from "@millwright/wire-contract";

import { compileRules } from "./decide/rules/compile-rules.ts";
import { RuleService } from "./decide/rules/rule-service.ts";
import type { AlarmDesk, CommandDesk, EpisodeDesk, EventBook, PageRoute } from "./hand-over.ts";
import { ruleRoutes } from "./serve/rule-routes.ts";
import type { Settings } from "./settings/load-settings.ts";
import { rulePlant } from "./settings/rule-check.ts";

export interface RuleParts {
  /** The desk for the page, the service that scans, and what watches the samples. */
  readonly rules: RuleService;
  readonly routes: readonly PageRoute[];
}

/** The settings were checked with the same words when they were loaded, so that all rules compile. */
export function joinRules(join: {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly events: EventBook;
  readonly commands: CommandDesk;
  readonly alarms: AlarmDesk;
  readonly episodes: EpisodeDesk;
  readonly capture: (tag: string, why: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}): RuleParts {
  const { settings, book, ...parts } = join;
  const plant = rulePlant({ ...settings, tagOf: (id) => book.byId(id) }, (id) => book.indexOf(id));
  const rules = new RuleService({
    ...parts,
    book: compileRules(settings.rules, plant).book,
    tagCount: (book.indices.at(-1) ?? -1) + 1,
    deviceOf: (index) => book.traitsOf(index)?.device ?? "",
  });
  return { rules, routes: ruleRoutes(rules) };
}
