import { randomBytes } from "node:crypto";

import { SettingsRefused } from "../faults.ts";
import type { Channel, ServiceAnswer, ServiceRequest } from "./channel.ts";
import { findDowngrade, isBinaryTcp, securityOf } from "./endpoints.ts";
import type { Library, opcua } from "./library.ts";
import type { OwnCertificate } from "./own-certificate.ts";
import type { OpcuaSettings } from "./settings.ts";
import { makeUserToken } from "./user-token.ts";

/**
 * What proves to the server that a session is ours, kept from one conversation to the next. Over a signed channel it
 * is of use only to who also holds this gateway's private key.
 */
export interface SessionTicket {
  readonly token: string;
  /** base64 */
  readonly nonce: string;
}

/** A session that was activated: requests carry its token. */
export interface Session {
  call<Answer extends ServiceAnswer>(
    request: ServiceRequest,
    kind: new () => Answer,
    timeoutMs?: number,
  ): Promise<Answer>;
  readonly ticket: SessionTicket;
  readonly channel: Channel;
  /** Takes the session back in the server. @param deleteSubscriptions also what was subscribed in it */
  end(deleteSubscriptions: boolean): Promise<void>;
}

export interface SessionWish {
  readonly library: Library;
  readonly device: string;
  readonly settings: OpcuaSettings;
  readonly own: OwnCertificate;
  readonly channel: Channel;
  readonly endpoint: opcua.EndpointDescription;
  readonly discovered: readonly opcua.EndpointDescription[];
  readonly serverCertificate: Buffer;
}

/** Makes a new session and activates it. */
export async function createSession(wish: SessionWish): Promise<Session> {
  const { library, device, settings, own, channel, endpoint, serverCertificate } = wish;
  const clientNonce = randomBytes(32);
  const answer = await channel.call(
    new library.CreateSessionRequest({
      clientCertificate: own.certificate,
      clientDescription: {
        applicationName: { text: "Millwright" },
        applicationType: library.ApplicationType.Client,
        applicationUri: own.applicationUri,
        productUri: "urn:millwright",
      },
      clientNonce,
      endpointUrl: settings.url,
      maxResponseMessageSize: 0,
      // As long as the subscription lives: a session that is gone has to be made anew, and controllers have few.
      requestedSessionTimeout: settings.lifetimeMinutes * 60_000,
      serverUri: endpoint.server.applicationUri,
      sessionName: `millwright ${device}`,
    }),
    library.CreateSessionResponse,
  );
  const { mode, policyUri } = securityOf(settings);
  const inside = answer.serverEndpoints?.filter((offered) => isBinaryTcp(offered)) ?? null;
  const downgrade = mode === 1 ? undefined : findDowngrade(wish.discovered, inside);
  if (downgrade !== undefined) {
    throw new SettingsRefused(
      device,
      `what it offers inside the session differs from what it showed before (${downgrade})`,
      "Somebody may stand between gateway and controller; check the network before anything else.",
    );
  }
  const signed =
    mode === 1 ||
    library.verifySignature(
      own.certificate,
      clientNonce,
      answer.serverSignature,
      serverCertificate,
      library.fromURI(policyUri),
    );
  if (!signed) {
    throw new SettingsRefused(
      device,
      "its signature does not belong to its certificate",
      "Somebody may stand between gateway and controller; check the network before anything else.",
    );
  }
  const ticket = {
    token: answer.authenticationToken.toString(),
    nonce: toBase64(answer.serverNonce),
  };
  return activateSession(wish, ticket);
}

/** Activates a session on this channel: a new one, or one that a broken channel left behind. */
export async function activateSession(wish: SessionWish, old: SessionTicket): Promise<Session> {
  const { library, device, settings, own, channel, endpoint, serverCertificate } = wish;
  const { mode, policyUri } = securityOf(settings);
  const authenticationToken = library.coerceNodeId(old.token);
  const serverNonce = Buffer.from(old.nonce, "base64");
  const user = await makeUserToken(library, {
    device,
    settings,
    policies: endpoint.userIdentityTokens ?? [],
    channelPolicyUri: policyUri,
    channelEncrypts: mode === 3,
    serverCertificate,
    serverNonce,
  });
  const clientSignature =
    mode === 1
      ? undefined
      : await library.computeSignatureAsync(
          serverCertificate,
          serverNonce,
          own.key,
          library.fromURI(policyUri),
        );
  const request = new library.ActivateSessionRequest({
    ...(clientSignature === undefined ? {} : { clientSignature }),
    clientSoftwareCertificates: [],
    localeIds: ["en"],
    userIdentityToken: user.token,
    ...(user.signature === undefined ? {} : { userTokenSignature: user.signature }),
  });
  request.requestHeader.authenticationToken = authenticationToken;
  const answer = await channel.call(request, library.ActivateSessionResponse);
  const ticket = {
    token: old.token,
    nonce: toBase64(answer.serverNonce),
  };
  const call: Session["call"] = (sent, kind, timeoutMs) => {
    sent.requestHeader.authenticationToken = authenticationToken;
    return channel.call(sent, kind, timeoutMs);
  };
  return {
    call,
    ticket,
    channel,
    async end(deleteSubscriptions) {
      await call(
        new library.CloseSessionRequest({ deleteSubscriptions }),
        library.CloseSessionResponse,
      );
    },
  };
}

/** An absent nonce travels as null, whatever the library's types say. */
function toBase64(nonce: Uint8Array | null): string {
  return nonce === null ? "" : Buffer.from(nonce).toString("base64");
}
