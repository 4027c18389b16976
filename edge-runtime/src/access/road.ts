/** On which roads people may sign in and act. Pure. */
import type { Asked, NotAllowed } from "../hand-over.ts";

/**
 * On this machine nothing crosses a network, and over TLS nobody on it can read along. Over plain HTTP anybody on the plant's
 * network could read the PIN or the session and write with it (ux-guide section 6, criterion V11).
 *
 * @param httpsPort undefined where the settings have no `access`
 */
export function roadRefusal(asked: Asked, httpsPort: number | undefined): NotAllowed | undefined {
  if (asked.local || asked.secure) return undefined;
  const reason =
    "Signing in and acting are not possible over plain HTTP: others on the network could read along.";
  if (httpsPort === undefined) {
    return {
      kind: "refused",
      status: 403,
      reason: `${reason} Use the screen at the gateway itself, or let its settings have "access", which gives it an HTTPS address.`,
    };
  }
  // The name under which the page was asked for: the server answers only under names of its own.
  const name = (asked.header("host") ?? "").replace(/:\d+$/, "");
  const https = `https://${name}:${httpsPort}/`;
  return { kind: "refused", status: 403, reason: `${reason} Open ${https}`, https };
}
