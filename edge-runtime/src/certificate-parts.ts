/** All certificates that the gateway has, joined. Part of `runtime.ts`. */
import type { CertificateEnd } from "@millwright/wire-contract";

import { brokerCertificates, trustedUntilUs } from "./certificate-file.ts";
import { deviceFolder } from "./settings/device-folder.ts";
import type { Settings } from "./settings/load-settings.ts";

/** Reads what lies in files now; what cannot be read is left out. @param pageUntilUs of the page over HTTPS, where there is one */
export async function readCertificates(
  { devices, hub, journal, publish }: Pick<Settings, "devices" | "hub" | "journal" | "publish">,
  pageUntilUs: number | undefined,
): Promise<readonly CertificateEnd[]> {
  const found: CertificateEnd[] = [];
  if (pageUntilUs !== undefined) found.push({ use: "page", notAfterUs: pageUntilUs });
  const hubUntilUs = hub?.caFile === undefined ? undefined : await trustedUntilUs(hub.caFile);
  if (hubUntilUs !== undefined) found.push({ use: "hub-authority", notAfterUs: hubUntilUs });
  const { sparkplug } = publish;
  if (sparkplug !== undefined) {
    const ends = await brokerCertificates(sparkplug);
    found.push(...ends.map((end) => ({ ...end, device: "publish" })));
  }
  for (const { id, driver, connection } of devices) {
    const ends = await driver.certificates?.(connection, deviceFolder(journal.folder, id));
    found.push(...(ends ?? []).map((end) => ({ ...end, device: id })));
  }
  return found;
}
