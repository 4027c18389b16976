import type { Refused } from "@millwright/kit";

export type Refusal = Refused;

export function refuse(reason: string): Refusal {
  return { kind: "refused", reason };
}

export function isRefusal(value: object): value is Refusal {
  return "kind" in value && value.kind === "refused";
}
