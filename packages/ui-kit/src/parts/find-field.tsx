import type { JSX } from "preact";

/** A search that filters while it is typed in. */
export function FindField(props: {
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
}): JSX.Element {
  return (
    <label class="find">
      <span>{props.label}</span>
      <input
        type="search"
        value={props.text}
        onInput={(event) => {
          props.onText(event.currentTarget.value);
        }}
      />
    </label>
  );
}
