import type { JSX } from "preact";

export interface ButtonProps {
  readonly label: string;
  readonly onPress: () => void;
  /** What a screen reader says instead, where the label alone would not tell it from others. */
  readonly reads?: string;
  /** For buttons of which one is chosen. */
  readonly pressed?: boolean;
}

export function Button(props: ButtonProps): JSX.Element {
  return (
    <button
      type="button"
      class="button"
      aria-label={props.reads}
      aria-pressed={props.pressed}
      onClick={props.onPress}
    >
      {props.label}
    </button>
  );
}
