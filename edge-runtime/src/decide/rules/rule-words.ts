/** Rules in the words of a person: one sentence for the condition, one for what follows. */
import type { InputSource, Rule } from "./rule.ts";
import type { ActionFile } from "./rule-file.ts";

/** "temp > 95.0 for 60 s, in running" */
export function whenWords(rule: Rule): string {
  const parts = [rule.text.replaceAll(/\s+/g, " ").trim()];
  if (rule.forUs > 0) parts.push(`for ${durationWords(rule.forUs)}`);
  const { states } = rule;
  if (states !== undefined) {
    const settle = states.settleUs > 0 ? ` since ${durationWords(states.settleUs)}` : "";
    parts.push(`while ${rule.asset} is ${[...states.among].join(" or ")}${settle}`);
  }
  return parts.join(" ");
}

export function thenWords(actions: readonly ActionFile[]): string {
  return actions.map(actionWords).join(", ");
}

export function actionWords(action: ActionFile): string {
  if ("write" in action) return `write ${String(action.value)} to ${action.write}`;
  if ("raise" in action) return `raise alarm ${action.raise}`;
  if ("capture" in action) return `take capture ${action.capture}`;
  return `say "${action.notify}"`;
}

export function sourceWords(source: InputSource): string {
  if (source.kind === "tag") return `tag ${source.tag}`;
  if (source.kind === "alarm") return `alarm ${source.alarm}`;
  if (source.kind === "episode") return `episode of ${source.asset}`;
  return `${source.kind === "state" ? "state" : "severity"} of ${source.asset}`;
}

function durationWords(us: number): string {
  const ms = us / 1_000;
  for (const [unit, width] of [
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
  ] as const) {
    if (ms >= width && ms % width === 0) return `${ms / width} ${unit}`;
  }
  return `${ms} ms`;
}
