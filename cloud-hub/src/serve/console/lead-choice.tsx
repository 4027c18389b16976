import { Button } from "@millwright/ui-kit";
import type { TrendSource } from "@millwright/ui-kit/trends";
import type { JSX } from "preact";

import { say } from "./messages.ts";

/** Where a chart is of one value of several that are chosen: the first of them, and any other by a press. */
export function LeadChoice(props: {
  readonly sources: readonly TrendSource[];
  /** @param key of its source */
  readonly onLead: (key: string) => void;
}): JSX.Element | null {
  const { sources, onLead } = props;
  if (sources.length < 2) return null;
  return (
    <div class="button-row" role="group" aria-label={say("trends.lead")}>
      {sources.map(({ key, tag, place }) => (
        <Button
          key={key}
          label={say("trends.lead.one", { tag: tag.name, place })}
          pressed={key === sources[0]?.key}
          onPress={() => onLead(key)}
        />
      ))}
    </div>
  );
}
