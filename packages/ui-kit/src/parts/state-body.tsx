/** The body of a symbol: filled light, half filled, filled dark, or the square that asks for a person (ux-guide 4). */
import type { DeviceState } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { sayKit } from "../words/english.ts";

export function StateBody(props: { readonly state: DeviceState }): JSX.Element {
  return (
    <span class="state-body">
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" data-state={props.state}>
        <rect class="body" x="2" y="2" width="16" height="16" rx="2" />
        {props.state === "connecting" && <rect class="half" x="2" y="10" width="16" height="8" />}
        {props.state === "refused" && <path class="mark" d="M9 5h2v6H9zM9 13h2v2H9z" />}
      </svg>
      <span>{sayKit(`state.${props.state}`)}</span>
    </span>
  );
}
