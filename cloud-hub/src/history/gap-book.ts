/** Which ledger entries concern a tag. */
import { interruptsHold, type Gap } from "@millwright/aggregates";
import type { LedgerEntry, LossScope, TagDefinition } from "@millwright/wire-contract";

export function concerns(
  scope: LossScope,
  tag: string,
  known: Pick<TagDefinition, "device"> | undefined,
): boolean {
  switch (scope.kind) {
    case "gateway":
      return true;
    case "device":
      return scope.device === known?.device;
    case "tag":
      return scope.tag === tag;
  }
}

/** The ranges in which a tag's value was not known. */
export function gapsOf(
  entries: readonly LedgerEntry[],
  tag: Pick<TagDefinition, "id" | "device">,
): readonly Gap[] {
  return entries
    .filter((entry) => interruptsHold(entry.reason) && concerns(entry.scope, tag.id, tag))
    .map(({ fromUs, toUs }) => ({ fromUs, toUs }));
}
