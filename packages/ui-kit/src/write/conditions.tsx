import type { JSX } from "preact";

/** One thing that must hold for a write, as it stands now; in words of the page. */
export interface ConditionLine {
  readonly state: "met" | "not met" | "unknown";
  readonly words: string;
  /** "Coolant level 74 %, must be at least 30 %" */
  readonly facts: string;
  /** Of the interlock behind it. */
  readonly behind: readonly ConditionLine[];
}

const signs = { met: "✓", "not met": "✕", unknown: "?" } as const;

/** The chain of conditions: each with its value and what it must be. */
export function Conditions(props: { readonly lines: readonly ConditionLine[] }): JSX.Element {
  return (
    <ul class="conditions">
      {props.lines.map(({ state, words, facts, behind }) => (
        <li key={`${words} ${facts}`} data-state={state}>
          <span class="condition-sign" aria-hidden="true">
            {signs[state]}
          </span>
          <span class="condition-words">
            {words}
            <span class="condition-facts">{facts}</span>
            {behind.length > 0 && <Conditions lines={behind} />}
          </span>
        </li>
      ))}
    </ul>
  );
}
