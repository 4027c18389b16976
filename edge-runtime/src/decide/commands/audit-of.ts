import type { CommandEvent, CommandOutcome, JsonScalar } from "@millwright/wire-contract/events";

import type { AuditNote } from "../../hand-over.ts";

/** What the audit trail says of a command: who, old, new, what was read back, and why not. */
export function auditOf(event: CommandEvent): AuditNote {
  const { origin, before, value, readBack, reason, purpose } = event;
  const words = [
    event.outcome,
    readBack === undefined ? "" : `read back ${said(readBack)}`,
    reason ?? "",
  ];
  return {
    person: origin.kind === "rule" ? `rule ${origin.who}` : origin.who,
    device: origin.kind,
    act: "command.write",
    object: event.tag,
    ...(before === undefined ? {} : { before: said(before) }),
    after: said(value),
    ...(purpose === undefined ? {} : { reason: purpose }),
    result: resultOf(event.outcome),
    why: words.filter((each) => each !== "").join(": "),
  };
}

function said(value: JsonScalar): string {
  return value === null ? "no number" : String(value);
}

function resultOf(outcome: CommandOutcome): AuditNote["result"] {
  switch (outcome) {
    case "confirmed":
    case "accepted":
    case "sent":
    case "dry-run":
      return "done";
    case "refused":
    case "expired":
      return "refused";
    case "unknown":
    case "unconfirmed":
      return "failed";
  }
}
