/** What may be written, what holds, and what became of the last writes, as the page has it. */
import { loadJson, type LiveStore, type PageClock } from "@millwright/ui-kit";
import { computed, signal, type Signal } from "@preact/signals";

import type { CommandsAnswer, RulesAnswer } from "../page-answers.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/** Undefined until the gateway has answered first. */
export const controlView: Signal<CommandsAnswer | undefined> = signal(undefined);
export const ruleRows: Signal<RulesAnswer["rules"]> = signal([]);
/** Since when the gateway has not told it, ms; undefined when it has. */
export const controlFailedMs: Signal<number | undefined> = signal(undefined);
/** Tags whose values the screen shows, for the live stream. */
export const controlTags: Signal<readonly string[]> = signal([]);

/** Interlocks hold or drop with values of which no news is told: a person who stands before them sees it this soon. */
const askEveryMs = 2_000;
/** Two questions that were missed: whoever is about to write sees soon that nothing comes any more. */
const giveUpAfterMs = 4_000;

/** Follows what may be written for as long as the screen is open. Returns the end of it. */
export function followControl(store: LiveStore, clock: PageClock): () => void {
  // A stream that came back may be that of another run of the gateway.
  const heard = computed(() => [
    store.snapshots.value,
    store.news.value["commands"],
    store.news.value["rules"],
  ]);
  const end = heard.subscribe(() => {
    void ask(clock);
  });
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") void ask(clock);
  }, askEveryMs);
  return () => {
    end();
    clearInterval(timer);
  };
}

export const ask = oneAtATime(async (given, clock: PageClock) => {
  try {
    const [view, rules] = await Promise.all([
      loadJson<CommandsAnswer>("/api/commands", given),
      // A gateway without rules has no list of them.
      loadJson<RulesAnswer>("/api/rules", given).catch(() => ({ rules: [] })),
    ]);
    const tags = tagsOf(view);
    if (tags.join() !== controlTags.peek().join()) controlTags.value = tags;
    controlView.value = view;
    ruleRows.value = rules.rules;
    controlFailedMs.value = undefined;
  } catch {
    controlFailedMs.value ??= clock.wallMs();
  }
}, giveUpAfterMs);

function tagsOf({ grants, interlocks, safetyTags }: CommandsAnswer): readonly string[] {
  const looked = interlocks.flatMap(({ conditions }) => conditions.flatMap(({ tag }) => tag ?? []));
  return [...new Set([...grants.map(({ tag }) => tag), ...looked, ...safetyTags])];
}
