import type { Refused } from "@millwright/kit";

export function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}

export function isRefused(answer: unknown): answer is Refused {
  return (
    typeof answer === "object" && answer !== null && "kind" in answer && answer.kind === "refused"
  );
}
