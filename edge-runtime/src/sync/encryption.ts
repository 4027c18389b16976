/** Encrypts a connection as the client of the road does, and says whose certificate is shown, also of one that is not trusted. */
import type { Socket } from "node:net";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";

import { StepFailed } from "./walk.ts";

export interface Encryption {
  /** As in the settings. */
  readonly host: string;
  /** It was asked for by `tls://`. Where a broker only offers it, the road does not compare its certificate with an address. */
  readonly wanted: boolean;
  /** PEM of the only authorities that are trusted; those of Node when absent. */
  readonly ca?: string;
}

/** Begins it. Whoever lets go of both lets go of this before the socket it lies on: the other way round Node 24 may crash. */
export function encrypt(socket: Socket, { host, wanted, ca }: Encryption): TLSSocket {
  const secure = connect({
    socket,
    servername: isIP(host) === 0 ? host : "",
    ...(wanted ? { host } : {}),
    ...(ca === undefined ? {} : { ca }),
    // Judged below, with the certificate at hand.
    rejectUnauthorized: false,
  });
  // What happens to it later is no news: nothing is sent over it.
  secure.on("error", () => undefined);
  return secure;
}

/** Waits for it. Throws `StepFailed` where the road would not trust the certificate. */
export async function judgeEncryption(secure: TLSSocket, how: Encryption): Promise<string> {
  await new Promise((resolve, reject) => {
    secure.once("secureConnect", resolve).once("error", reject);
    secure.once("close", () => {
      reject(new Error("the broker ends the connection while it is being encrypted"));
    });
  });
  const words = certificateWords(secure);
  if (secure.authorized) return words;
  // Node gives the code of it, whatever its types say.
  const code = String(secure.authorizationError);
  throw new StepFailed(`${words}: not trusted (${code})`, hintOf(code, how));
}

/** "certificate of hub.plant.example, signed by Plant CA, valid until 2027-03-01" */
function certificateWords(secure: TLSSocket): string {
  const certificate = secure.getPeerX509Certificate();
  if (certificate === undefined) return "no certificate is shown";
  const { subject, issuer, subjectAltName, validToDate } = certificate;
  const whose = commonName(subject) ?? subjectAltName ?? "nobody";
  const until = validToDate.toISOString().slice(0, 10);
  return `certificate of ${whose}, signed by ${commonName(issuer) ?? issuer}, valid until ${until}`;
}

/** As Node writes names: "C=CZ\nO=Plant\nCN=hub". */
function commonName(name: string | undefined): string | undefined {
  return /^CN=(.+)$/m.exec(name ?? "")?.[1];
}

function hintOf(code: string, { host, wanted, ca }: Encryption): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return "Ask whoever keeps the hub for a new certificate, and check the date of this gateway.";
    case "CERT_NOT_YET_VALID":
      return "Check the date of this gateway.";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return isIP(host) === 0 || wanted
        ? `Write a name in hub.url that stands in the certificate, or have ${host} added to it.`
        : "Write tls:// in hub.url: then the certificate is compared with the address, which has to stand in it.";
    default:
      return ca === undefined
        ? "Name a file with the certificate of the authority that signed the hub's, as PEM, as hub.caFile in the settings, with tls:// in hub.url."
        : "None of the authorities in hub.caFile has signed this certificate: put the one that did into it.";
  }
}
