import type { JSX } from "preact";

import { sayWrite } from "./write-words.ts";

const rows = [
  ["7", "8", "9"],
  ["4", "5", "6"],
  ["1", "2", "3"],
] as const;

/** Keys of 72 px, for gloves (ux-guide 6). It types into a field beside it, so that a keyboard works as well. */
export function NumberPad(props: {
  readonly signed: boolean;
  readonly onKey: (key: string) => void;
  readonly onBack: () => void;
}): JSX.Element {
  const key = (text: string): JSX.Element => (
    <button type="button" class="button" key={text} onClick={() => props.onKey(text)}>
      {text}
    </button>
  );
  const [top, middle, low] = rows.map((row) => row.map(key));
  return (
    <div class="number-pad" role="group" aria-label={sayWrite("pad.label")}>
      {top}
      <button type="button" class="button" aria-label={sayWrite("pad.back")} onClick={props.onBack}>
        ⌫
      </button>
      {middle}
      {key(".")}
      {low}
      {key("0")}
      {props.signed && key("-")}
    </div>
  );
}
