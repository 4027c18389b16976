/** The last hour of a few values as small pictures with their normal band; a tap opens the whole one. */
import { amountScale, hrefOf, Sparkline, unitWords, type LiveStore } from "@millwright/ui-kit";
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { say } from "./messages.ts";

export function LastHour(props: {
  readonly store: LiveStore;
  readonly tags: readonly LiveTag[];
  /** With the machine before the name: where values of several machines stand together. */
  readonly named?: boolean;
}): JSX.Element | null {
  if (props.tags.length === 0) return null;
  return (
    <section class="last-hour">
      <h2>{say("overview.last-hour")}</h2>
      <ul>
        {props.tags.map((tag) => (
          <li key={tag.id}>
            <a class="spark" href={hrefOf("tag", tag.id)}>
              <span class="spark-name">{sparkName(tag, props.named ?? false)}</span>
              <Sparkline store={props.store} tag={tag} base="/api" />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function sparkName(tag: LiveTag, named: boolean): string {
  const name = !named || tag.asset === "" ? tag.name : `${tag.asset}: ${tag.name}`;
  // The prefix of an amount of data follows its value, which a small picture does not say.
  const unit = amountScale(tag.unit, 0) === undefined ? unitWords(tag.unit) : "";
  return unit === "" ? name : `${name}, ${unit}`;
}
