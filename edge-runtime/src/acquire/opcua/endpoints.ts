import type { Refused } from "@millwright/kit";

import { openChannel } from "./channel.ts";
import type { Library, opcua } from "./library.ts";
import type { OwnCertificate } from "./own-certificate.ts";
import type { OpcuaSettings } from "./settings.ts";

const policyBase = "http://opcfoundation.org/UA/SecurityPolicy#";
const modes = { "sign-and-encrypt": 3, sign: 2, "none-i-accept-plain-text": 1 } as const;
const modeWords: readonly string[] = ["invalid", "none", "sign", "sign-and-encrypt"];

/** What the settings ask for, in the numbers and names of the protocol (OPC 10000-4, 7.20). */
export function securityOf(settings: OpcuaSettings): {
  readonly mode: 1 | 2 | 3;
  readonly policyUri: string;
} {
  const mode = modes[settings.security];
  return { mode, policyUri: policyBase + (mode === 1 ? "None" : settings.policy) };
}

/** The library's own word for a mode. */
export function modeOf(library: Library, mode: 1 | 2 | 3): opcua.MessageSecurityMode {
  const { None, Sign, SignAndEncrypt } = library.MessageSecurityMode;
  if (mode === 1) return None;
  return mode === 2 ? Sign : SignAndEncrypt;
}

/** What we need of an endpoint description. */
export interface EndpointFacts {
  readonly securityMode: number;
  readonly securityPolicyUri: string | null;
  readonly serverCertificate: Uint8Array | null;
  readonly userIdentityTokens: readonly TokenPolicy[] | null;
}
export interface TokenPolicy {
  readonly policyId: string | null;
  readonly tokenType: number;
  readonly securityPolicyUri: string | null;
}

/**
 * Policy and certificate come from the list, the address from the person: servers publish addresses that nobody can
 * reach (field practice 26).
 */
export function chooseEndpoint<Endpoint extends EndpointFacts>(
  endpoints: readonly Endpoint[],
  settings: OpcuaSettings,
): Endpoint | Refused {
  const { mode, policyUri } = securityOf(settings);
  const chosen = endpoints.find(
    (endpoint) => endpoint.securityMode === mode && endpoint.securityPolicyUri === policyUri,
  );
  if (chosen !== undefined) return chosen;
  const offered = endpoints.map(wordsOf);
  return {
    kind: "refused",
    reason: `the server does not offer ${settings.security} with ${policyUri.slice(policyBase.length)}; it offers ${offered.length === 0 ? "nothing" : [...new Set(offered)].join("; ")}`,
  };
}

function wordsOf(endpoint: EndpointFacts): string {
  const policy = endpoint.securityPolicyUri?.split("#")[1] ?? "no policy";
  return `${modeWords[endpoint.securityMode] ?? "unknown mode"} with ${policy}`;
}

/**
 * The list inside the session comes over the secured channel, the list before it did not. A difference in what
 * protects us means that somebody may have shown us a weaker choice (OPC 10000-4, 5.7.2; attack 6 of reliability.md).
 *
 * @returns what differs, in words; undefined when nothing does
 */
export function findDowngrade(
  before: readonly EndpointFacts[],
  inside: readonly EndpointFacts[] | null,
): string | undefined {
  // Old servers leave the list out; then there is nothing to compare with, and the certificate was accepted anyway.
  if (inside === null || inside.length === 0) return undefined;
  const seen = new Set(before.map(fingerprint));
  const real = new Set(inside.map(fingerprint));
  const hidden = inside.filter((endpoint) => !seen.has(fingerprint(endpoint)));
  const invented = before.filter((endpoint) => !real.has(fingerprint(endpoint)));
  if (hidden.length === 0 && invented.length === 0) return undefined;
  const parts = [
    ...(hidden.length === 0 ? [] : [`hidden before: ${hidden.map(wordsOf).join("; ")}`]),
    ...(invented.length === 0 ? [] : [`not real: ${invented.map(wordsOf).join("; ")}`]),
  ];
  return parts.join(", ");
}

/** What the standard has a client compare; servers leave the certificate out of the second list. */
function fingerprint(endpoint: EndpointFacts): string {
  const tokens = (endpoint.userIdentityTokens ?? [])
    .map((token) => `${token.tokenType}/${token.securityPolicyUri ?? ""}`)
    .sort();
  return [endpoint.securityMode, endpoint.securityPolicyUri, ...tokens].join("|");
}

/** Asks the server, without security, what it offers. */
export async function askEndpoints(
  library: Library,
  settings: OpcuaSettings,
  own: OwnCertificate,
  signal: AbortSignal,
): Promise<opcua.EndpointDescription[]> {
  const channel = await openChannel(
    library,
    {
      url: settings.url,
      mode: library.MessageSecurityMode.None,
      policy: library.SecurityPolicy.None,
      own,
      requestTimeoutMs: settings.requestTimeoutMs,
    },
    signal,
  );
  try {
    const request = new library.GetEndpointsRequest({
      endpointUrl: settings.url,
      localeIds: [],
      profileUris: [],
    });
    const answer = await channel.call(request, library.GetEndpointsResponse);
    // HTTPS and WebSocket endpoints are not ours to use, nor part of the comparison.
    return (answer.endpoints ?? []).filter((endpoint) => isBinaryTcp(endpoint));
  } finally {
    // Closing in words takes the library 100 ms; the server notices a closed socket as well.
    channel.drop("endpoints are known");
  }
}

export function isBinaryTcp(endpoint: opcua.EndpointDescription): boolean {
  const profile = endpoint.transportProfileUri ?? "";
  return profile === "" || profile.endsWith("/uatcp-uasc-uabinary");
}
