/** People at this gateway, from its own command line: whoever may run this as the gateway's user is trusted with them. */
import { parseArgs } from "node:util";

import { isRefusal } from "@millwright/carrier";
import { callDoor, DoorClosed } from "@millwright/local-door";

import { exitCodes } from "../exit-codes.ts";
import type { Verified } from "../access/audit-book.ts";
import type { CodeAnswer, ListedMember } from "../access/command-handlers.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { carrierFiles } from "../sync/carrier/carrier-files.ts";
import type { Command } from "./command.ts";

export const accessCommand: Command = {
  name: "access",
  usage:
    "access code | list | add NAME --role ROLE | role NAME --role ROLE | reset NAME | remove NAME | verify [--settings gateway.yaml]",
  what: "Who may act at this gateway: a code for the first engineer, people and their roles (viewer, technician, supervisor, engineer), a new PIN, and whether the audit book is whole.",
  async run(args, { out }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        role: { type: "string" },
      },
    });
    const [verb = "", ...words] = positionals;
    const name = words.join(" ");
    const needsName = verb === "add" || verb === "role" || verb === "reset" || verb === "remove";
    const needsRole = verb === "add" || verb === "role";
    if (!isVerb(verb) || needsName !== (name !== "") || needsRole !== (values.role !== undefined)) {
      process.stderr.write(`usage: millwright ${accessCommand.usage}\n`);
      return exitCodes.refused;
    }
    const settings = loadSettings(values.settings);
    const query = new URLSearchParams({ name, role: values.role ?? "" });
    let answer;
    try {
      const { door } = carrierFiles(settings.journal.folder);
      answer = await callDoor(door, `/access/${verb}?${query.toString()}`);
    } catch (failure) {
      if (!(failure instanceof DoorClosed)) throw failure;
      process.stderr.write(
        `gateway ${settings.gateway.id} does not run, or not under this user; start it and run this again\n`,
      );
      return exitCodes.refused;
    }
    if (isRefusal(answer)) {
      process.stderr.write(`${answer.reason}\n`);
      return exitCodes.refused;
    }
    const json: unknown = JSON.parse(new TextDecoder().decode(answer));
    out.write(reports[verb](json, values.role ?? ""));
    // A book that is not whole is to be seen by scripts, too.
    return verb === "verify" && (json as Verified).broken !== undefined
      ? exitCodes.defect
      : exitCodes.done;
  },
};

/** What the gateway answers to each, in words. Its answers are of this program. */
const reports = {
  code: (json: unknown) => codeWords(json as CodeAnswer, "the first engineer"),
  list: (json: unknown) => listWords(json as readonly ListedMember[]),
  add: (json: unknown) => codeWords(json as CodeAnswer, (json as CodeAnswer).name ?? ""),
  role: (json: unknown, role: string) =>
    `${(json as { name: string }).name} is ${role} from now on, and signs in again\n`,
  reset: (json: unknown) => codeWords(json as CodeAnswer, (json as CodeAnswer).name ?? ""),
  remove: (json: unknown) => `${(json as { name: string }).name} cannot sign in any more\n`,
  verify: (json: unknown) => verifiedWords(json as Verified),
} as const;

function isVerb(text: string): text is keyof typeof reports {
  return Object.hasOwn(reports, text);
}

function codeWords({ code, minutes, thumbprint }: CodeAnswer, who: string): string {
  return [
    `Code for ${who}: ${code}`,
    `It holds once, for ${minutes} minutes. On the gateway's page: Sign in, then "I have a code".`,
    ...(thumbprint === undefined
      ? []
      : [`Thumbprint of the HTTPS certificate, to compare (SHA-256): ${thumbprint}`]),
    "",
  ].join("\n");
}

function listWords(members: readonly ListedMember[]): string {
  if (members.length === 0)
    return "Nobody is here yet. millwright access code lets in the first.\n";
  const lines = members.map(({ name, role, signsInWith }) => `${name}: ${role} (${signsInWith})`);
  return `${lines.join("\n")}\n`;
}

function verifiedWords({ entries, from, broken, earlier }: Verified): string {
  const what = `${entries} entries${from > 1 ? `, from number ${from} on; those before it are at the hub` : ""}`;
  const before =
    earlier === 0
      ? ""
      : `${earlier} times a break was found before; each has its own entry in the book (access.audit-break).\n`;
  return broken === undefined
    ? `The audit book is whole: ${what}.\n${before}`
    : `THE AUDIT BOOK IS NOT WHOLE: ${broken.what}. ${what} were read.\n${before}`;
}
