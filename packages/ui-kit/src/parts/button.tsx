import type { JSX } from "preact";

export interface ButtonProps {
  readonly label: string;
  readonly onPress: () => void;
  /** For buttons of which one is chosen. */
  readonly pressed?: boolean;
}

export function Button(props: ButtonProps): JSX.Element {
  return (
    <button type="button" class="button" aria-pressed={props.pressed} onClick={props.onPress}>
      {props.label}
    </button>
  );
}
