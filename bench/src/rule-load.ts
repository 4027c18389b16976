/** 1,000 rules over 2,000 tags, as engineers write them: limits, differences, states; most over two tags, some over one. */
import { compileRules, rulesFile, RuleFeed, RuleScan } from "@millwright/edge-runtime/parts";
import type { Random } from "@millwright/kit";

export const ruleCount = 1_000;
export const tagCount = 2_000;

/** What each rule judges, of the tags 2n and 2n + 1. */
const conditions = [
  "a > 95.0",
  "a > 80.0 && b < 5.0",
  "a - b > 60.0 || b > 99.0",
  "b != 0.0 && a / b > 40.0",
  "!(a < 90.0) && (b > 10.0 || a > 97.5)",
];
const plain: readonly ((a: number, b: number) => boolean)[] = [
  (a) => a > 95,
  (a, b) => a > 80 && b < 5,
  (a, b) => a - b > 60 || b > 99,
  (a, b) => b !== 0 && a / b > 40,
  (a, b) => !(a < 90) && (b > 10 || a > 97.5),
];

const settings = Array.from({ length: ruleCount }, (_rule, at) => ({
  id: `R-${String(at).padStart(4, "0")}`,
  version: "1",
  title: "Tell when two values of a machine do not fit",
  inputs: { a: `t${2 * at}`, b: `t${2 * at + 1}` },
  when: conditions[at % conditions.length] ?? "",
  for: "2 s",
  then: [{ notify: "look at it" }],
}));

/** Rounds of new values for all tags, so that nothing has to be drawn while time is taken. */
export function makeRounds(random: Random, rounds: number): readonly Float64Array[] {
  return Array.from({ length: rounds }, () =>
    Float64Array.from({ length: tagCount }, () => Math.round(random.next() * 10_000) / 100),
  );
}

/** Conditions judged per second of processor time, when each tag changes in each round. */
export function ratePerCpuS(rounds: readonly Float64Array[], times: number): number {
  const { book } = compileRules(rulesFile.parse(settings), {
    tag: (id) => ({
      ...{ id, index: Number(id.slice(1)), type: "float64", freshForUs: 5_000_000 },
      trust: undefined,
    }),
    asset: () => undefined,
    alarm: () => undefined,
    capture: () => false,
  });
  const scan = new RuleScan(book);
  let decided = 0;
  const feed = new RuleFeed(scan, () => decided++);
  const slots = book.slots.map(({ source }) => (source.kind === "tag" ? source.index : 0));
  let atUs = 1_767_225_600_000_000;
  const from = process.cpuUsage();
  for (let time = 0; time < times; time++) {
    for (const values of rounds) {
      atUs += 20_000;
      for (let slot = 0; slot < slots.length; slot++) {
        feed.value(atUs, slot, values[slots[slot] ?? 0], 0, atUs);
      }
      feed.runTo(atUs);
    }
  }
  return scan.evaluations / cpuSince(from);
}

/** The same conditions as functions that somebody wrote in the program: what evaluating them costs at least. */
export function plainRatePerCpuS(rounds: readonly Float64Array[], times: number): number {
  let held = 0;
  const from = process.cpuUsage();
  for (let time = 0; time < times; time++) {
    for (const values of rounds) {
      for (let rule = 0; rule < ruleCount; rule++) {
        const judge = plain[rule % plain.length];
        if (judge?.(values[2 * rule] ?? 0, values[2 * rule + 1] ?? 0) === true) held++;
      }
    }
  }
  const rate = (rounds.length * times * ruleCount) / cpuSince(from);
  // Looked at, so that nobody leaves it out.
  return held < 0 ? 0 : rate;
}

function cpuSince(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}
