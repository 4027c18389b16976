/** Which times are laid over each other, as an address says it: `each~1h~alarm~pump-1/hot`, `each~8h~above~4.5~600`. */
import type { WindowRule } from "@millwright/ui-kit/trends";

/** How long a line is from the beginning on, µs; a quarter of it stands before. */
export const windowLengths = {
  "15min": 900e6,
  "1h": 3_600e6,
  "8h": 28_800e6,
  "24h": 86_400e6,
} as const;
export type WindowLength = keyof typeof windowLengths;

export interface WindowsAsked {
  readonly length: WindowLength;
  /** Undefined until one is chosen. */
  readonly rule: WindowRule | undefined;
}

const mark = "each";

/** Undefined where the text says something else. */
export function parseWindows(parts: readonly string[]): WindowsAsked | undefined {
  const [name, wanted, kind, ...rest] = parts;
  if (name !== mark) return undefined;
  const lengths = Object.keys(windowLengths) as WindowLength[];
  const length = lengths.find((one) => one === wanted) ?? "1h";
  return { length, rule: ruleIn(kind, rest) };
}

export function toWindowParts({ length, rule }: WindowsAsked): readonly string[] {
  return [mark, length, ...(rule === undefined ? [] : partsOf(rule))];
}

function ruleIn(kind: string | undefined, rest: readonly string[]): WindowRule | undefined {
  // A name may hold the sign between two parts.
  const name = rest.join("~");
  if (kind === "alarm" && name !== "") return { kind, id: name };
  if (kind === "episode" && name !== "") return { kind, class: name };
  if (kind !== "above" && kind !== "below") return undefined;
  const [limit, seconds] = [Number(rest[0] || NaN), Number(rest[1] ?? 0)];
  const isRule = Number.isFinite(limit) && Number.isFinite(seconds) && seconds >= 0;
  return isRule ? { kind, limit, leastUs: seconds * 1e6 } : undefined;
}

function partsOf(rule: WindowRule): readonly string[] {
  switch (rule.kind) {
    case "alarm":
      return [rule.kind, rule.id];
    case "episode":
      return [rule.kind, rule.class];
    case "above":
    case "below":
      return [rule.kind, String(rule.limit), String(rule.leastUs / 1e6)];
  }
}
