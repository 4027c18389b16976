/** A chart of one value of those that are chosen: the first of them, and any other by a press. */
import { Button } from "@millwright/ui-kit";
import { RangeButtons, type TrendsProps, type TrendSource } from "@millwright/ui-kit/trends";
import type { ComponentChildren, JSX } from "preact";

import { say } from "./messages.ts";

export interface OneValueProps extends Pick<
  TrendsProps,
  "range" | "spans" | "nowUs" | "wallMs" | "height"
> {
  /** All that are chosen; the first is shown. */
  readonly sources: readonly TrendSource[];
  /** Stands beside the lengths of time. */
  readonly beside: ComponentChildren;
  /** Another of those chosen is to be shown. @param key of its source */
  readonly onLead: (key: string) => void;
}

/** What changes the time and the value; what is shown of it stands below. */
export function OneValue(
  props: OneValueProps & { readonly children: ComponentChildren },
): JSX.Element {
  return (
    <div class="laid">
      <RangeButtons {...props}>{props.beside}</RangeButtons>
      <LeadChoice {...props} />
      {props.children}
    </div>
  );
}

function LeadChoice({
  sources,
  onLead,
}: Pick<OneValueProps, "sources" | "onLead">): JSX.Element | null {
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
