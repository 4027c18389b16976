import type { JSX } from "preact";

import type { SavedView } from "../../saved-view.ts";
import { trendsHref } from "./trends-address.ts";

/** Leads to what a view shows. */
export function SavedViewLink<View extends SavedView>(props: {
  readonly view: View;
  readonly label: string;
  /** The chart shows it already. */
  readonly shown?: boolean;
  /** Where it opens in this page. */
  readonly onOpen: (view: View) => void;
}): JSX.Element {
  const { view, label, shown = false, onOpen } = props;
  return (
    <a
      class="link"
      href={trendsHref(view.chart, view.tags)}
      aria-current={shown ? "true" : undefined}
      onClick={(event) => {
        // In a tab of its own it is opened there.
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey) onOpen(view);
      }}
    >
      {label}
    </a>
  );
}
