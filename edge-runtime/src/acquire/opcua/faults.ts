import { Fault, messageChain } from "@millwright/kit";

import { DeviceUnreachable, LinkLost, SettingsRefused } from "../faults.ts";

/** A service that the server answered with a bad result. */
export class ServiceFailure extends Error {
  override readonly name = "ServiceFailure";
  readonly status: string;

  /** @param status name of the status code, for example "BadTooManySessions" */
  constructor(service: string, status: string, options?: ErrorOptions) {
    super(`${service} was answered with ${status}`, options);
    this.status = status;
  }
}

/** The channel is closed, or a request found no answer in time; either way this conversation is over. */
export class ChannelLost extends Error {
  override readonly name = "ChannelLost";
}

/** Status names that a person has to end, and what to do. Everything else is tried again soon. */
const refusals: Readonly<Record<string, string>> = {
  BadUserAccessDenied: "Check the user's rights in the controller.",
  BadIdentityTokenRejected: "Check user name and password.",
  BadIdentityTokenInvalid: "Choose a kind of user that the controller offers.",
  BadUserSignatureInvalid: "Check the user's certificate and key.",
  BadCertificateTimeInvalid:
    "On a new machine this is nearly always its clock: set the clock of the controller, then that of the gateway.",
  BadCertificateHostNameInvalid: "The controller's certificate names another host.",
  BadCertificateUriInvalid: "The controller's certificate names another application.",
  BadCertificateInvalid: "The controller cannot read this gateway's certificate.",
  BadCertificateUseNotAllowed: "The controller does not accept this kind of certificate.",
  BadSecurityPolicyRejected: "Choose a security policy that the controller offers.",
  BadSecurityModeRejected: "Choose a security mode that the controller offers.",
  BadLicenseNotAvailable: "The controller's OPC UA licence does not allow this.",
};

/** Status names by which a server says that it does not trust our certificate. */
const distrust = new Set([
  "BadSecurityChecksFailed",
  "BadCertificateUntrusted",
  "BadCertificateChainIncomplete",
  "BadCertificateIssuerRevocationUnknown",
]);

/** Trouble that passes when others let go. */
const patience: Readonly<Record<string, string>> = {
  BadTooManySessions:
    "The controller has no free session (often 5 to 10): close a client that is not needed, or wait until old sessions run out.",
  BadTooManySubscriptions:
    "The controller has no free subscription: close a client that is not needed.",
  BadTooManyMonitoredItems: "The controller has no room for more items: take fewer tags.",
  BadTooManyPublishRequests: "The controller is busy with other clients.",
  BadTcpServerTooBusy: "The controller is busy with other clients.",
  BadServerHalted: "The controller's OPC UA server is stopped.",
  BadShutdown: "The controller is shutting down.",
};

export interface OwnCertificateHint {
  readonly thumbprint: string;
  readonly certificateFile: string;
}

/** What ended an attempt to open a conversation, as the fault that the supervisor acts on. */
export function toOpenFault(device: string, failure: unknown, own?: OwnCertificateHint): Fault {
  if (failure instanceof Fault) return failure;
  const status = statusIn(failure);
  if (status !== undefined && distrust.has(status) && own !== undefined) {
    return new SettingsRefused(
      device,
      "the controller does not trust this gateway yet",
      `Accept the certificate with thumbprint ${own.thumbprint} in the controller; it lies in ${own.certificateFile}.`,
      { cause: failure },
    );
  }
  const refusal = status === undefined ? undefined : refusals[status];
  if (status !== undefined && refusal !== undefined) {
    return new SettingsRefused(device, status, refusal, { cause: failure });
  }
  const wait = status === undefined ? undefined : patience[status];
  return new DeviceUnreachable(device, {
    cause: failure,
    ...(wait === undefined ? {} : { hint: wait }),
  });
}

/** What ended a running conversation. */
export function toLinkFault(device: string, failure: unknown): Fault {
  return failure instanceof Fault ? failure : new LinkLost(device, { cause: failure });
}

/** The first status name in the chain of causes, wherever the library has put it. */
export function statusIn(failure: unknown): string | undefined {
  for (let at = failure; at instanceof Error; at = at.cause) {
    if (at instanceof ServiceFailure) return at.status;
  }
  return /\bBad[A-Z][A-Za-z]+/.exec(messageChain(failure))?.[0];
}
