/** What rules, alarms and commands see of now: the table of the page, read by index. */
import type { ValueTable } from "@millwright/live-feed";
import { staleAfterMs } from "@millwright/wire-contract";

import type { TagView } from "../hand-over.ts";

/** A tag whose rhythm nobody knows is judged as one that is read each second. */
const expectedMs = 1_000;

export function tagViewOf(table: ValueTable): TagView {
  return {
    value: (index) => table.valueAt(index),
    status: (index) => table.statusAt(index),
    measuredUs: (index) => table.measuredUsAt(index),
    confirmedUs: (index) => table.confirmedUsAt(index),
    freshForUs: (index) =>
      staleAfterMs(table.book.traitsOf(index)?.expectedMs ?? expectedMs) * 1_000,
  };
}
