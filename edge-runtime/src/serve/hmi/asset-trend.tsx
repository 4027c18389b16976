/** H2: the last six hours of a machine, with what its alarms and episodes were. */
import type { LiveStore } from "@millwright/ui-kit";
import { BriefTrend, type TrendSource } from "@millwright/ui-kit/trends";
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { hrefOfMark } from "./href-of-mark.ts";

export interface AssetTrendProps {
  readonly store: LiveStore;
  /** At least one. */
  readonly tags: readonly LiveTag[];
  readonly spanUs: number;
  readonly wallMs: () => number;
  /** Of the picture, px. */
  readonly height: number;
}

export function AssetTrend(props: AssetTrendProps): JSX.Element {
  const { store } = props;
  return (
    <BriefTrend
      sources={props.tags.map((tag): TrendSource => {
        return { key: tag.id, tag, base: "/api", place: "", store };
      })}
      spanUs={props.spanUs}
      nowUs={() => store.nowUs()}
      wallMs={props.wallMs}
      height={props.height}
      hrefOfMark={hrefOfMark}
    />
  );
}
