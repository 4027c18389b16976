/**
 * Why a broker cannot be used, in words for the person who can mend it: the same for one that is listened to and for one that
 * is told. Pure.
 */
import { isIP } from "node:net";

import { messageChain } from "@millwright/kit";

export interface BrokerTrouble {
  /**
   * `refused`, `untrusted`: the broker is there, and nothing changes before a person has acted, here or there.
   * `version`: it does not speak the version of MQTT that was asked for.
   */
  readonly kind: "away" | "refused" | "untrusted" | "version";
  /** Holds the cause in itself. */
  readonly what: string;
  readonly hint: string;
}

/** CONNACK codes: MQTT 3.1.1, 3.2.2.3 (1 to 5) and MQTT 5.0, 3.2.2.2 (128 up). */
const versionCodes: readonly unknown[] = [1, 132];
const refusalCodes: readonly unknown[] = [2, 4, 5, 133, 134, 135, 138, 140];

/** What Node and OpenSSL say of a certificate, where more is to be done than to name an authority. */
const certificates: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  CERT_HAS_EXPIRED: [
    "the certificate of the broker has expired",
    "Ask whoever keeps the broker for a new certificate, and check the date of this gateway.",
  ],
  CERT_NOT_YET_VALID: [
    "the certificate of the broker is not valid yet",
    "Check the date of this gateway.",
  ],
  CERT_REVOKED: [
    "the certificate of the broker was revoked",
    "Ask whoever keeps the broker for a new certificate.",
  ],
};

/**
 * @param failure what the library said last; undefined when the broker closed the connection without a word
 * @param url of the broker
 */
export function judgeBrokerTrouble(failure: unknown, url: string): BrokerTrouble {
  const { host, hostname, protocol } = new URL(url);
  const why = messageChain(failure);
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  if (versionCodes.includes(code)) {
    const what = "the broker does not speak this version of MQTT";
    return { kind: "version", what, hint: "Set version to 3.1.1 or auto." };
  }
  if (refusalCodes.includes(code)) {
    return {
      kind: "refused",
      what: `the broker answers "${why}"`,
      hint: "Check user, password file and client id, and what the broker allows them.",
    };
  }
  if (typeof code === "string") {
    const known = certificates[code];
    if (known !== undefined) return { kind: "untrusted", what: known[0], hint: known[1] };
    if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return otherName(hostname);
    const alert = judgeAlert(code, why);
    if (alert !== undefined) return alert;
    // Only who speaks no TLS answers a greeting like that.
    if (/^ERR_SSL_(WRONG_VERSION|PACKET_LENGTH)/.test(code)) {
      return {
        kind: "away",
        what: `nothing at ${host} speaks TLS`,
        hint: "Take the port on which the broker encrypts, 8883 mostly.",
      };
    }
    if (/CERT|SSL|TLS|SELF_SIGNED|ISSUER/.test(code)) {
      return {
        kind: "untrusted",
        what: `the certificate of the broker is not trusted (${why})`,
        hint: "Give the certificate of the authority that signed the broker's as caFile.",
      };
    }
  }
  if (failure === undefined) {
    const encrypted =
      protocol === "mqtt:"
        ? ", whether it encrypts on this port (mqtts://),"
        : ", that it knows the gateway's certificate where it asks for one,";
    return {
      kind: "away",
      what: "the broker closed the connection without a word",
      hint: `Check that an MQTT broker listens at ${host}${encrypted} and that no other client has our client id.`,
    };
  }
  return {
    kind: "away",
    what: why,
    hint: `Check that the broker at ${host} runs and that the network between is up.`,
  };
}

/** What the broker says when it ends the encryption (RFC 8446, 6.2); some say only that it has failed. */
function judgeAlert(code: string, why: string): BrokerTrouble | undefined {
  if (code.includes("CERTIFICATE_REQUIRED")) {
    return {
      kind: "refused",
      what: `the broker asks for a certificate of the gateway (${why})`,
      hint: "Give one that the broker knows, and its key, as certificateFile and keyFile.",
    };
  }
  if (code.includes("HANDSHAKE_FAILURE")) {
    return {
      kind: "refused",
      what: `the broker refuses to encrypt with us (${why})`,
      hint: "It may ask for a certificate of the gateway (certificateFile and keyFile) or for older encryption; this gateway speaks TLS 1.2 or newer.",
    };
  }
  if (/ALERT_.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)/.test(code)) {
    return {
      kind: "refused",
      what: `the broker does not accept the certificate of the gateway (${why})`,
      hint: "Check that certificateFile is given, has not expired, and is signed by an authority that the broker trusts.",
    };
  }
  return undefined;
}

function otherName(hostname: string): BrokerTrouble {
  const kind = isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? "name" : "address";
  return {
    kind: "untrusted",
    what: `the certificate of the broker is not for the ${kind} ${hostname}`,
    hint: "Write the broker's url with a name that stands in its certificate, or have this one added to it.",
  };
}
