/** The body of a symbol: filled light, half filled, filled dark, or the square that asks for a person (ux-guide 4). */
import type { DeviceState } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { sayKit } from "../words/english.ts";

/** `unknown`: nobody has heard of it for too long to say how it is. */
export function StateBody(props: { readonly state: DeviceState | "unknown" }): JSX.Element {
  return (
    <span class="state-body">
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" data-state={props.state}>
        {props.state === "refused" ? (
          <>
            <rect class="body" x="2" y="2" width="16" height="16" rx="2" />
            <path class="mark" d="M9 5h2v6H9zM9 13h2v2H9z" />
          </>
        ) : (
          <circle class="body" cx="10" cy="10" r="7" />
        )}
        {props.state === "connecting" && <path class="half" d="M4 10a6 6 0 0 0 12 0z" />}
      </svg>
      <span>{sayKit(`state.${props.state}`)}</span>
    </span>
  );
}
