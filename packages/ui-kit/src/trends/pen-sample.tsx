import type { JSX } from "preact";

import { penOf } from "../charts/pens.ts";

/** A piece of the line as it is drawn; of a state a piece of its band. */
export function PenSample(props: { readonly at: number; readonly bands: boolean }): JSX.Element {
  const { dash } = penOf(props.at, () => "");
  const pen = (props.at % 8) + 1;
  return (
    <svg class="pen-sample" viewBox="0 0 40 12" width="40" height="12" aria-hidden="true">
      {props.bands ? (
        <rect x="1" y="1" width="38" height="10" class="pen-band" />
      ) : (
        <line
          x1="0"
          x2="40"
          y1="6"
          y2="6"
          stroke-width="3"
          stroke-dasharray={dash.join(" ")}
          style={{ stroke: `var(--pen-${pen})` }}
        />
      )}
    </svg>
  );
}
