import { parseArgs } from "node:util";

import { exitCodes } from "../exit-codes.ts";
import { planJournal, type PlannedTag } from "../buffer/tiers/journal-plan.ts";
import { loadSettings, type Settings } from "../settings/load-settings.ts";
import { deviceFolder } from "../settings/device-folder.ts";
import { planLines, planPublish } from "../settings/plan-lines.ts";
import { tagsMax } from "../settings/tag-limit.ts";
import type { PlanLine } from "../acquire/driver.ts";
import type { Command } from "./command.ts";

export const planCommand: Command = {
  name: "plan",
  usage: "plan --settings gateway.yaml",
  what: "Checks the settings and says what they will mean for each device, each line and the journal. Starts nothing.",
  async run(args, { clock, out: print }) {
    const { values } = parseArgs({
      args: [...args],
      options: { settings: { type: "string", default: "gateway.yaml" } },
    });
    const settings = loadSettings(values.settings);
    const out: string[] = [`${settings.gateway.id} (${settings.gateway.name})`];
    for (const device of settings.devices) {
      const points = device.tags.points();
      const perSecond = points.reduce((sum, point) => sum + 1_000 / point.everyMs, 0);
      out.push(
        `  ${device.id}: ${device.driver.protocol}, ${device.driver.line(device.connection)}, ` +
          `${points.length} tags, ${perSecond.toFixed(1)} values/s`,
      );
      const { id, driver, connection } = device;
      const stateFolder = deviceFolder(settings.journal.folder, id);
      const lines = [
        ...driver.plan(connection, points),
        ...((await driver.planFolder?.(connection, id, stateFolder, clock.nowUs())) ?? []),
      ];
      out.push(...lines.map(toText));
    }
    for (const { line, devices, says } of planLines(settings.devices)) {
      out.push(`  ${line}: ${devices.join(", ")}`, ...says.map(toText));
    }
    const { sparkplug } = settings.publish;
    if (sparkplug !== undefined) {
      const node = `${sparkplug.group}/${sparkplug.node}`;
      out.push(`  publish.sparkplug: ${node} at ${sparkplug.url}`);
      out.push(...planPublish(settings.publish).map(toText));
    }
    out.push(
      `  journal: ${settings.journal.folder}`,
      ...planJournal(settings.journal, tagsOf(settings.devices)).map((line) => `    ${line}`),
    );
    const tags = settings.devices.reduce((sum, device) => sum + device.tags.length, 0);
    out.push(`  ${tags} tags; one gateway takes ${tagsMax}, besides those of its own health`);
    print.write(`${out.join("\n")}\n`);
    return exitCodes.done;
  },
};

function* tagsOf(devices: Settings["devices"]): Iterable<PlannedTag> {
  for (const { tags } of devices) yield* tags;
}

function toText({ severity, text }: PlanLine): string {
  return `    ${severity === "info" ? "" : `${severity}: `}${text}`;
}
