import { join } from "node:path";
import { parseArgs } from "node:util";

import { isRefusal, marksBytesMax, marksName, readPlain } from "@millwright/carrier";
import { callDoor, DoorClosed } from "@millwright/local-door";

import { exitCodes } from "../exit-codes.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { carrierFiles } from "../sync/carrier/carrier-files.ts";
import type { TakenMarks } from "../sync/carrier/take-marks.ts";
import type { Command } from "./command.ts";

export const takeMarksCommand: Command = {
  name: "take-marks",
  usage: "take-marks --from FOLDER [--accept FINGERPRINT] [--settings gateway.yaml]",
  what: "Takes the marks that an import wrote, so that the gateway may let go what the hub has; --accept names the hub's key once.",
  async run(args, { out }) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        from: { type: "string" },
        accept: { type: "string" },
      },
    });
    if (values.from === undefined) {
      process.stderr.write(`usage: millwright ${takeMarksCommand.usage}\n`);
      return exitCodes.refused;
    }
    const settings = loadSettings(values.settings);
    const file = join(values.from, marksName(settings.gateway.id));
    const bytes = await readPlain(file, marksBytesMax);
    if (isRefusal(bytes)) {
      process.stderr.write(`${file}: ${bytes.reason}\n`);
      return exitCodes.refused;
    }
    const query = new URLSearchParams(values.accept === undefined ? {} : { accept: values.accept });
    let answer;
    try {
      const { door } = carrierFiles(settings.journal.folder);
      answer = await callDoor(door, `/marks?${query.toString()}`, bytes);
    } catch (failure) {
      if (!(failure instanceof DoorClosed)) throw failure;
      process.stderr.write(
        `gateway ${settings.gateway.id} does not run, or not under this user; start it and run this again. Nothing was taken.\n`,
      );
      return exitCodes.refused;
    }
    if (isRefusal(answer)) {
      process.stderr.write(`${file}: ${answer.reason}\n`);
      return exitCodes.refused;
    }
    out.write(reportOf(JSON.parse(new TextDecoder().decode(answer)) as TakenMarks));
    return exitCodes.done;
  },
};

function reportOf(taken: TakenMarks): string {
  const { madeUs, waitedFrames, waitingFrames, wentBack, foreign } = taken;
  const made = new Date(madeUs / 1_000).toISOString();
  const lines = [
    `The marks of ${made} are taken: ${waitedFrames} frames waited for the hub, ${waitingFrames} still do.`,
    ...(wentBack === 0
      ? []
      : [
          `The hub has less than it once had: ${wentBack} lanes go back. Export again to bring it the rest.`,
        ]),
    ...(foreign === 0
      ? []
      : [
          `${foreign} lanes went on in another copy of this journal. What is here of them is sealed again; export once more.`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}
