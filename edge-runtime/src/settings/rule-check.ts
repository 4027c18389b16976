/** What the schema of rules cannot know: which tags, assets and alarms there are, and whether conditions fit them. */
import { readFileSync } from "node:fs";

import { staleAfterMs } from "@millwright/wire-contract";
import { LineCounter, isScalar, parseDocument } from "yaml";

import { healthDriver } from "../acquire/health/health-driver.ts";
import type { AlarmDefinitions } from "../decide/alarms/definition.ts";
import { compileRules, type KnownTag, type RulePlant } from "../decide/rules/compile-rules.ts";
import type { RuleFile } from "../decide/rules/rule-file.ts";
import type { AssetFile } from "../detect/settings.ts";
import type { DeclaredTag } from "../hand-over.ts";
import type { Problem } from "./problem.ts";

/** What the settings say that rules may name. */
export interface RuleSurroundings {
  readonly assets: readonly AssetFile[];
  readonly alarms: AlarmDefinitions;
  readonly devices: readonly {
    readonly id: string;
    readonly trust: string | undefined;
    readonly captures: readonly { readonly id: string }[];
  }[];
  readonly tagOf: (id: string) => Pick<DeclaredTag, "device" | "type" | "expectedMs"> | undefined;
}

/** @param problems what is wrong is added to it, with line and column */
export function checkRules(
  asked: RuleSurroundings & {
    readonly rules: readonly RuleFile[];
    /** The settings file, and as messages name it. */
    readonly file: string;
    readonly shown: string;
  },
  problems: Problem[],
): void {
  if (asked.rules.length === 0) return;
  const found = compileRules(asked.rules, rulePlant(asked)).problems;
  if (found.length === 0) return;
  const placeOf = placesIn(asked.file);
  for (const { index, path, at, what } of found) {
    const place = ["rules", index, ...path].reduce<string>(
      (text, part) =>
        typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${part}`,
      "",
    );
    const { line, col } = placeOf(["rules", index, ...path], at);
    const id = asked.rules[index]?.id ?? "";
    problems.push({
      where: `${asked.shown}: line ${line}, column ${col}: ${place} (${id})`,
      what,
    });
  }
}

/** @param indexOf in the dictionary; left out where there is none yet */
export function rulePlant(
  { assets, alarms, devices, tagOf }: RuleSurroundings,
  indexOf: (id: string) => number | undefined = () => undefined,
): RulePlant {
  const trust = new Map(devices.map((device) => [device.id, device.trust]));
  const assetOf = new Map(assets.map((asset) => [asset.id, { properties: asset.tags }]));
  const alarmOf = new Map(
    alarms.alarms.map(({ id, condition }) => [id, { raised: condition.kind === "told" }]),
  );
  const captures = new Set(devices.flatMap((device) => device.captures.map(({ id }) => id)));
  return {
    tag(id): KnownTag | undefined {
      const tag = tagOf(id);
      if (tag === undefined) return undefined;
      const { device, type, expectedMs } = tag;
      const freshForUs = staleAfterMs(expectedMs) * 1_000;
      return { id, index: indexOf(id) ?? -1, type, freshForUs, trust: trust.get(device) };
    },
    asset: (id) => assetOf.get(id),
    alarm: (id) => alarmOf.get(id),
    capture: (id) => captures.has(id),
  };
}

/**
 * Why nobody else can have said the values of a device. Modbus has no signature, and whoever may publish at a broker may
 * publish as a device: a writing rule that takes them has to say why that is good enough (reliability, attack 5).
 *
 * @param said what the settings of the device say
 */
export function trustOf(
  protocol: string,
  connection: Readonly<Record<string, unknown>>,
  said: string | undefined,
): string | undefined {
  if (said !== undefined) return said;
  if (protocol === healthDriver.protocol) return "made by this gateway";
  const { security = "sign-and-encrypt" } = connection as { readonly security?: unknown };
  if (protocol === "opcua" && (security === "sign" || security === "sign-and-encrypt")) {
    return "signed by its OPC UA server";
  }
  return undefined;
}

/** Where something stands in a file. It is read again for that, which costs nobody who has no mistake. */
function placesIn(
  file: string,
): (
  path: readonly (string | number)[],
  at?: number,
) => { readonly line: number; readonly col: number } {
  const text = readFileSync(file, "utf8");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  return (path, at) => {
    const found: unknown = document.getIn(path, true);
    const parent: unknown = isScalar(found) || at !== undefined ? found : undefined;
    const scalar = isScalar(parent) ? parent : undefined;
    const begin = scalar?.range?.[0] ?? beginOf(found) ?? 0;
    return lines.linePos(
      begin + (scalar === undefined ? 0 : insideOf(text, begin, scalar.type, at ?? 0)),
    );
  };
}

function beginOf(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node)) return undefined;
  const { range } = node;
  return Array.isArray(range) && typeof range[0] === "number" ? range[0] : undefined;
}

/** From the beginning of a text in the file to one of its characters: behind a quote, or in the lines of a block. */
function insideOf(text: string, begin: number, type: string | undefined, at: number): number {
  if (type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE") return at + 1;
  if (type !== "BLOCK_LITERAL" && type !== "BLOCK_FOLDED") return at;
  const rest = text.slice(begin);
  let left = at;
  let passed = rest.indexOf("\n") + 1;
  for (const line of rest.slice(passed).split("\n")) {
    const indent = line.length - line.trimStart().length;
    // A line of the block gives its own characters and one for its end.
    if (left <= line.length - indent) return passed + indent + left;
    left -= line.length - indent + 1;
    passed += line.length + 1;
  }
  return 0;
}
