import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { PlayedClock, silentLog } from "@millwright/kit";

import { ensureHttpsCertificate } from "./access/https-certificate.ts";
import { loadLibrary } from "./acquire/opcua/library.ts";
import { ensureOwnCertificate } from "./acquire/opcua/own-certificate.ts";
import { readCertificates } from "./certificate-parts.ts";
import { gatewayMetrics } from "./serve/gateway-metrics.ts";
import { deviceFolder } from "./settings/device-folder.ts";
import { loadSettings } from "./settings/load-settings.ts";

const clock = new PlayedClock();
const yearUs = 365 * 86_400_000_000;

test("all certificates that the settings bring are found with their ends; what is not there is left out", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "millwright-certificates-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const made = async (name: string, atUs: number): Promise<string> => {
    const files = {
      httpsKey: join(folder, `${name}-key.pem`),
      httpsCertificate: join(folder, `${name}.pem`),
    };
    const { certificate } = await ensureHttpsCertificate(files, [`${name}.example`], atUs);
    return certificate;
  };
  const client = await made("client", clock.nowUs());
  const older = await made("older", clock.nowUs() - yearUs);
  const newer = await made("newer", clock.nowUs() + yearUs);
  // What stands between them is for people.
  writeFileSync(join(folder, "ca.pem"), `# older\n${newer}\n# newer\n${older}\n`);
  writeFileSync(join(folder, "chain.pem"), `${client}\n${older}\n`);
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `
gateway: { id: line-1, name: Line 1 }
journal: { folder: journal }
hub: { url: "tls://hub:4222", caFile: ca.pem }
publish: { sparkplug: { url: "mqtts://scada:8883", group: plant, caFile: gone.pem } }
devices:
  - id: cell
    protocol: mqtt
    connection: { url: "mqtts://cell:8883", caFile: ca.pem, certificateFile: chain.pem, keyFile: client-key.pem }
    tags: [{ id: cell/t, name: T, address: cell/t, type: float64, kind: measurement, unit: Cel }]
  - id: press
    protocol: opcua
    connection:
      url: opc.tcp://press:4840
      user: { kind: certificate, certificateFile: client.pem, keyFile: client-key.pem }
    tags: [{ id: press/t, name: T, address: "nsu=urn:x;s=t", type: float64, kind: measurement, unit: Cel }]
  - id: meter
    protocol: opcua
    connection: { url: "opc.tcp://meter:4840" }
    tags: [{ id: meter/t, name: T, address: "nsu=urn:x;s=t", type: float64, kind: measurement, unit: Cel }]
`,
  );
  const settings = loadSettings(file);
  const stateFolder = deviceFolder(settings.journal.folder, "press");
  mkdirSync(stateFolder, { recursive: true });
  const own = await ensureOwnCertificate(await loadLibrary(silentLog), stateFolder, clock.nowUs());

  const endOf = (pem: string): number => new X509Certificate(pem).validToDate.getTime() * 1_000;
  const found = await readCertificates(settings, 17e6);
  assert.deepEqual(found, [
    { use: "page", notAfterUs: 17e6 },
    { use: "hub-authority", notAfterUs: endOf(newer) },
    { use: "broker-client", device: "cell", notAfterUs: endOf(client) },
    { use: "broker-authority", device: "cell", notAfterUs: endOf(newer) },
    { use: "opcua-application", device: "press", notAfterUs: own.validToUs },
    { use: "opcua-user", device: "press", notAfterUs: endOf(client) },
  ]);

  const metrics = gatewayMetrics({
    ...{ unexplained: 0, clock: "set", devices: [], certificates: found, journal: {} as never },
  });
  const ends = metrics.find(({ name }) => name === "certificate_not_after_timestamp_seconds");
  assert.deepEqual(ends?.points.slice(0, 3), [
    { labels: { use: "page" }, value: 17 },
    { labels: { use: "hub-authority" }, value: endOf(newer) / 1e6 },
    { labels: { use: "broker-client", device: "cell" }, value: endOf(client) / 1e6 },
  ]);
});
