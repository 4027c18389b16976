/** The mark of advice: what a person may want to look at, and no alarm (ux-guide 4 and 5). */
import type { JSX } from "preact";

/** @param props.size px; 20 at least */
export function AdviceSymbol(props: { readonly size?: number }): JSX.Element {
  const { size = 24 } = props;
  return (
    <svg class="advice-symbol" viewBox="0 0 36 36" width={size} height={size} aria-hidden="true">
      <circle class="advice-shape" cx="18" cy="18" r="14" />
      <text class="advice-letter" x="18" y="24" text-anchor="middle">
        A
      </text>
    </svg>
  );
}
