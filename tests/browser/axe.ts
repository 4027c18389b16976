/** X1: what axe-core finds against WCAG 2.2 A and AA. A page that passes says little about its layout; X2 does. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import type { Page } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

const runOnly = {
  all: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
  contrast: { type: "rule", values: ["color-contrast"] },
};

interface AxeAnswer {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What a theme can break is contrast; the other rules look at words and structure, which are the same in all themes. */
type Rules = "all" | "contrast";

export async function violationsOn(page: Page, rules: Rules = "all"): Promise<string[]> {
  const known = await page.evaluate(() => "axe" in window);
  if (!known) await page.evaluate(axeSource);
  const answer = await page.evaluate(async (only) => {
    const { axe } = window as unknown as { axe: { run(options: unknown): Promise<unknown> } };
    // What happens to lie half beneath the bar just now is scrolled out from there, and no smaller a target for that.
    const bar = document.querySelector<HTMLElement>("#page > nav");
    bar?.style.setProperty("position", "static");
    const answer = await axe.run({
      resultTypes: ["violations"],
      runOnly: only,
    });
    bar?.style.removeProperty("position");
    return answer;
  }, runOnly[rules]);
  return (answer as AxeAnswer).violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ""}`),
  );
}
