import type { Clock, Log } from "@millwright/kit";

import { SettingsRefused } from "../faults.ts";
import { openChannel, type Channel } from "./channel.ts";
import { askEndpoints, chooseEndpoint, modeOf, securityOf } from "./endpoints.ts";
import type { Library, opcua } from "./library.ts";
import { ensureOwnCertificate, type OwnCertificate } from "./own-certificate.ts";
import { hostOf, type OpcuaSettings } from "./settings.ts";
import { describeView, judge, keepRefused, viewOf, type ServerCertificateView } from "./trust.ts";

/** A server whose certificate a person has accepted, and what is needed to open channels to it. */
export interface MetServer {
  readonly own: OwnCertificate;
  readonly endpoint: opcua.EndpointDescription;
  readonly discovered: readonly opcua.EndpointDescription[];
  readonly serverCertificate: Buffer;
  openChannel(signal: AbortSignal): Promise<Channel>;
}

export interface Meeting {
  readonly library: Library;
  readonly device: string;
  readonly settings: OpcuaSettings;
  /** Where our own certificate lies. */
  readonly stateFolder: string;
  /** Where the accepted certificate of this server lies. */
  readonly trustFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Asks the server what it offers and holds its certificate against what a person accepted. */
export async function meetServer(meeting: Meeting, signal: AbortSignal): Promise<MetServer> {
  const { library, device, settings, stateFolder, clock } = meeting;
  const own = await ensureOwnCertificate(library, stateFolder, clock.nowUs());
  const discovered = await askEndpoints(library, settings, own, signal);
  const endpoint = chooseEndpoint(discovered, settings);
  if ("kind" in endpoint) {
    throw new SettingsRefused(device, endpoint.reason, "Choose security that the server offers.");
  }
  const { mode } = securityOf(settings);
  const serverCertificate = leafOf(library, endpoint.serverCertificate);
  if (mode !== 1) await requireTrust(meeting, serverCertificate);
  return {
    own,
    endpoint,
    discovered,
    serverCertificate,
    openChannel: (abort) =>
      openChannel(
        library,
        {
          url: settings.url,
          mode: modeOf(library, mode),
          policy: library.fromURI(endpoint.securityPolicyUri),
          ...(mode === 1 ? {} : { serverCertificate }),
          own,
          requestTimeoutMs: settings.requestTimeoutMs,
        },
        abort,
      ),
  };
}

async function requireTrust(meeting: Meeting, certificate: Buffer): Promise<void> {
  const { device, settings, trustFolder, clock, log } = meeting;
  if (certificate.length === 0) {
    throw new SettingsRefused(device, "it shows no certificate", "Give the server a certificate.");
  }
  const verdict = await judge(trustFolder, certificate);
  if (verdict === "trusted") return;
  await keepRefused(trustFolder, certificate);
  const view = viewOf(certificate, hostOf(settings).host);
  if (verdict === "changed") {
    log.warn("acquire.certificate-changed", { device, thumbprint: view.thumbprint });
  }
  const what =
    verdict === "changed"
      ? "its certificate is not the one that was accepted"
      : "its certificate was not accepted yet";
  throw new SettingsRefused(
    device,
    `${what}: ${describeView(view, clock.nowUs())}`,
    verdict === "changed"
      ? `Ask why it changed. If it is right, accept it: millwright trust ${device} ${view.thumbprint}`
      : `Compare the thumbprint with the controller's own display, then accept it: millwright trust ${device} ${view.thumbprint}`,
  );
}

/** A chain begins with the server's own certificate; issuers play no part, because a person accepts that one. */
function leafOf(library: Library, chain: Buffer | null): Buffer {
  if (chain === null || chain.length === 0) return Buffer.alloc(0);
  return library.crypto_utils.split_der(chain)[0] ?? Buffer.alloc(0);
}

/** What a person is shown before anything is saved: what the server offers, and its certificate. */
export interface ServerInspection {
  /** "sign-and-encrypt with Basic256Sha256", … */
  readonly offers: readonly { readonly mode: 1 | 2 | 3; readonly policy: string }[];
  readonly certificate: ServerCertificateView | undefined;
  readonly trusted: boolean;
  /** Ours, for the other half of the conversation. */
  readonly own: { readonly thumbprint: string; readonly certificateFile: string };
}

/** Asks a server what it offers, without a session; its certificate can be accepted afterwards. */
export async function inspect(meeting: Meeting, signal: AbortSignal): Promise<ServerInspection> {
  const { library, settings, stateFolder, trustFolder, clock } = meeting;
  const own = await ensureOwnCertificate(library, stateFolder, clock.nowUs());
  const endpoints = await askEndpoints(library, settings, own, signal);
  const certificate = endpoints
    .map((endpoint) => leafOf(library, endpoint.serverCertificate))
    .find((der) => der.length > 0);
  if (certificate !== undefined) await keepRefused(trustFolder, certificate);
  return {
    offers: endpoints.flatMap(({ securityMode, securityPolicyUri }) => {
      const mode: number = securityMode;
      const policy = securityPolicyUri?.split("#")[1] ?? "";
      return mode === 1 || mode === 2 || mode === 3 ? [{ mode, policy }] : [];
    }),
    certificate: certificate === undefined ? undefined : viewOf(certificate, hostOf(settings).host),
    trusted: certificate !== undefined && (await judge(trustFolder, certificate)) === "trusted",
    own: { thumbprint: own.thumbprint, certificateFile: own.certificateFile },
  };
}
