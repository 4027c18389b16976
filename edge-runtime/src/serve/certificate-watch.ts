/** Until when the gateway's certificates hold, looked up now and then, so that nobody is surprised by the end of one. */
import { recurring, type Clock, type Service } from "@millwright/kit";
import type { CertificateEnd } from "@millwright/wire-contract";

/** Small files, read from memory mostly: a certificate that was just made or put there shows within a minute. */
const lookEveryMs = 60_000;
/** A start has better to do than to read what ends in years. */
const firstLookAfterMs = 3_000;

export class CertificateWatch {
  readonly service: Service;
  readonly #clock: Clock;
  #found: readonly CertificateEnd[] = [];

  /** @param look does not reject */
  constructor(clock: Clock, look: () => Promise<readonly CertificateEnd[]>) {
    this.#clock = clock;
    const often = { everyMs: lookEveryMs, firstMs: firstLookAfterMs };
    this.service = recurring("certificate watch", clock, often, async () => {
      this.#found = (await look()).toSorted((a, b) => a.notAfterUs - b.notAfterUs);
    });
  }

  /** The first to end first; undefined where there are none. */
  get ends(): readonly CertificateEnd[] | undefined {
    if (this.#found.length === 0) return undefined;
    const nowUs = this.#clock.nowUs();
    return this.#found.map((one) => {
      const due = dueWords(one, nowUs);
      return due === undefined ? one : { ...one, due };
    });
  }
}

const dayUs = 86_400_000_000;
/** A person has to act, device by device (field practice 28: 90, 30 and 7 days; the words count them down). */
const dueDays = 90;
/** It renews itself 60 days before its end: with so few left it has not. */
const pageDueDays = 30;

/** What to do about a certificate; undefined while there is time. */
export function dueWords(
  { use, device, notAfterUs }: CertificateEnd,
  nowUs: number,
): string | undefined {
  const leftDays = Math.floor((notAfterUs - nowUs) / dayUs);
  if (leftDays >= (use === "page" ? pageDueDays : dueDays)) return undefined;
  const day = new Date(notAfterUs / 1_000).toISOString().slice(0, 10);
  const end = notAfterUs < nowUs ? `ended on ${day}` : `ends on ${day}, in ${leftDays} days`;
  const of = device === undefined ? "" : ` for ${device}`;
  switch (use) {
    case "page":
      return `The certificate of this page ${end}, and could not be renewed: see access.certificate-not-renewed in the log.`;
    case "opcua-application":
      return `The certificate shown to ${device ?? "the server"} ${end}. Renew it: millwright certificate ${device ?? "DEVICE"}`;
    case "opcua-user":
      return `The certificate of the user${of} ${end}. Put a new one into its file.`;
    case "broker-client":
      return `The certificate shown to the broker${of} ${end}. Put a new one into its file.`;
    case "broker-authority":
      return `The authority that signs the broker${of} ${end}. Put its next certificate into caFile, beside this one.`;
    case "hub-authority":
      return `The authority that signs the hub's broker ${end}. Put its next certificate into hub.caFile, beside this one.`;
  }
}
