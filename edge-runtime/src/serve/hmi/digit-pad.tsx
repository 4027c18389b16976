import type { JSX } from "preact";

import { say } from "./messages.ts";

const digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

/** Keys of 72 px, for gloves. It types into a field beside it, so that a keyboard, paste and a password manager work as well. */
export function DigitPad(props: {
  readonly onDigit: (digit: string) => void;
  readonly onBack: () => void;
}): JSX.Element {
  const key = (digit: string): JSX.Element => (
    <button type="button" class="button" key={digit} onClick={() => props.onDigit(digit)}>
      {digit}
    </button>
  );
  return (
    <div class="digit-pad" role="group" aria-label={say("people.pad")}>
      {digits.map(key)}
      <span />
      {key("0")}
      <button
        type="button"
        class="button"
        aria-label={say("people.pad.back")}
        onClick={props.onBack}
      >
        ⌫
      </button>
    </div>
  );
}
