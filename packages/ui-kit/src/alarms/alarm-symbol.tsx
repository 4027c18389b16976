/**
 * The symbol of an alarm: the shape is its priority, what lies on the shape is its state (ux-guide 4). Each state has a form
 * of its own, so that it is known without colours; the word beside it says the same.
 */
import type { AlarmPriority, AlarmState } from "@millwright/wire-contract/events";
import type { JSX } from "preact";

/** On a ground of 36 x 36, with room for the ring of what nobody has acknowledged. */
const shapes: Readonly<Record<AlarmPriority, string>> = {
  1: "M12.5 5h11L31 12.5v11L23.5 31h-11L5 23.5v-11z",
  2: "M18 4 33 31H3z",
  3: "M18 3 33 18 18 33 3 18z",
};
const rings: Readonly<Record<AlarmPriority, string>> = {
  1: "M11 1h14l10 10v14L25 35H11L1 25V11z",
  2: "M18-1 36.5 33.5h-37z",
  3: "M18-2 38 18 18 38-2 18z",
};
/** Where the digit stands: a triangle has its middle lower. */
const middles: Readonly<Record<AlarmPriority, number>> = { 1: 24, 2: 28, 3: 24 };

export function AlarmSymbol(props: {
  readonly priority: AlarmPriority;
  readonly state: AlarmState;
  /** px; 36 on the HMI, 32 on the console, 20 at least. */
  readonly size?: number;
}): JSX.Element | null {
  const { priority, state, size = 36 } = props;
  if (state === "normal") return null;
  return (
    <svg
      class="alarm-symbol"
      data-priority={priority}
      data-state={state}
      viewBox="-4 -4 44 44"
      width={size}
      height={size}
      aria-hidden="true"
    >
      {state === "unacknowledged" && <path class="alarm-ring" d={rings[priority]} />}
      <path class="alarm-shape" d={shapes[priority]} />
      <text class="alarm-digit" x="18" y={middles[priority]} text-anchor="middle">
        {priority}
      </text>
      <Corner state={state} />
    </svg>
  );
}

/** A small sign at the lower right, on a ground of its own. */
function Corner(props: { readonly state: AlarmState }): JSX.Element | null {
  const { state } = props;
  if (state === "latched") {
    return (
      <g class="alarm-corner">
        <path d="M26 29v-4a4 4 0 0 1 8 0v4" />
        <rect x="23" y="29" width="14" height="10" />
      </g>
    );
  }
  if (state !== "shelved" && state !== "suppressed") return null;
  return (
    <g class="alarm-corner">
      <circle cx="30" cy="30" r="8" />
      <path d={state === "shelved" ? "M30 25v5l4 3" : "M25 25l10 10M35 25 25 35"} />
    </g>
  );
}
