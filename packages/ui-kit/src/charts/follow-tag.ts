import type { LiveTag } from "@millwright/wire-contract";

import type { LiveStore } from "../live/live-store.ts";
import { numberOf } from "../words/numbers.ts";
import type { Trace } from "./trace.ts";

/** Appends what arrives; a value that cannot be trusted ends the line. Called inside an effect. */
export function followTag(store: LiveStore, tag: LiveTag, trace: Trace): void {
  const view = store.view(tag);
  const value = store.value(tag.id).value;
  if (value === undefined) return;
  if (view.state === "good" || view.state === "uncertain") {
    trace.push(value.m, numberOf(value.v) ?? null);
  } else if (view.state === "bad") {
    trace.push(value.m, null);
  } else {
    trace.push(store.nowUs(), null);
  }
}
