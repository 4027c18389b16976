import type { JSX } from "preact";

import { say } from "./messages.ts";

/** The way back is always at the same place: first on the screen, at the left. */
export function Back(props: { readonly href: string }): JSX.Element {
  return (
    <a class="back" href={props.href}>
      <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
        <path d="M15 5l-7 7 7 7" fill="none" stroke="currentColor" stroke-width="2.5" />
      </svg>
      {say("back")}
    </a>
  );
}
