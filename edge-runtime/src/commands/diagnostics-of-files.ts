/** The diagnostics of a gateway that does not answer: what its files say. Its settings may be what keeps it from starting. */
import type { GatewayId } from "@millwright/wire-contract";

import { accessFiles } from "../access/access-files.ts";
import { journalFile } from "../buffer/journal-file.ts";
import { shownUntilUs } from "../certificate-file.ts";
import { readCertificates } from "../certificate-parts.ts";
import { writeDiagnostics, type Section } from "../diagnostics/write-diagnostics.ts";
import {
  aboutSection,
  boxSection,
  claimsMax,
  claimsSection,
  deviceFacts,
  devicesSection,
  eventsSection,
  filesSection,
  lanesSection,
  planSection,
  redactionOf,
  settingsSection,
  timeWords,
} from "../diagnostics-sections.ts";
import { software } from "../settings/software.ts";
import { toPositions } from "../sync/messages.ts";
import type { CommandContext } from "./command.ts";
import type { KnownSettings } from "./diagnostics.ts";

/** @param known.silence why no runtime answers */
export async function diagnosticsOfFiles(
  known: KnownSettings & { readonly silence: string },
  { clock, until }: CommandContext,
): Promise<string> {
  const { file, settings, problems, gateway, folder, silence } = known;
  const nowUs = clock.nowUs();
  const redaction = redactionOf(file, settings?.devices ?? [], folder ?? "");
  const sections: readonly Section[] = [
    aboutSection({ software: software(), nowUs }),
    {
      name: "silence",
      bytesMax: 4_096,
      read: () => ({
        why: silence,
        log: "Lines of its log are where the system keeps what the gateway writes to standard error, such as journalctl.",
      }),
    },
    settingsSection(file, redaction, problems),
    ...(settings === undefined
      ? []
      : [
          planSection(settings),
          devicesSection(() => settings.devices.map((device) => deviceFacts(device, redaction))),
          {
            name: "certificates",
            bytesMax: 65_536,
            list: async function* () {
              const page = accessFiles(settings.journal.folder).httpsCertificate;
              const ends = await readCertificates(settings, await shownUntilUs(page));
              for (const { notAfterUs, ...end } of ends) {
                yield { ...end, notAfter: timeWords(notAfterUs) };
              }
            },
          },
        ]),
    ...(folder === undefined ? [] : sectionsOfFolder(folder, gateway as GatewayId, nowUs)),
  ];
  return await writeDiagnostics(sections, redaction, clock, until);
}

function sectionsOfFolder(folder: string, gateway: GatewayId, nowUs: number): readonly Section[] {
  const journal = journalFile(folder, gateway);
  return [
    boxSection(folder),
    filesSection(folder),
    lanesSection(() => toPositions(journal.lanes().lanes).toReversed()),
    claimsSection(() => journal.newestClaims(claimsMax)),
    eventsSection((query) => journal.events(query), nowUs),
  ];
}
