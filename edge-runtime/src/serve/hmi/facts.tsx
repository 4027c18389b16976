import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";

/** Name and words; a signal where the words move. */
export type Fact = readonly [name: string, words: string | ReadonlySignal<string>];

export function Facts(props: { readonly facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="facts">
      {props.facts.map(([name, words]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{words}</dd>
        </div>
      ))}
    </dl>
  );
}
