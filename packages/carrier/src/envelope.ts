/**
 * A signed text: DSSE v1 (Dead Simple Signing Envelope, secure-systems-lab/dsse), as a JSON file. Signed is exactly what
 * is carried, together with its type, so that nobody passes a list of marks for the manifest of an export.
 */
import { refuse, type Refusal } from "./refuse.ts";
import { fingerprintOf, isSignedBy, type PublicKey, type SigningKey } from "./key.ts";
import * as z from "zod";

export const envelopeTypes = {
  export: "application/vnd.millwright.export+json",
  marks: "application/vnd.millwright.marks+json",
} as const;
export type EnvelopeType = keyof typeof envelopeTypes;

/** An envelope that was opened and not yet believed. */
export interface Opened {
  readonly payload: Uint8Array;
  isSignedBy(publicKey: PublicKey): boolean;
}

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const envelope = z.object({
  payloadType: z.string(),
  payload: base64,
  signatures: z.array(z.object({ keyid: z.string(), sig: base64 })).length(1),
});

export function sealEnvelope(type: EnvelopeType, payload: Uint8Array, key: SigningKey): Uint8Array {
  const sig = key.sign(signedBytes(envelopeTypes[type], payload));
  const sealed = {
    payloadType: envelopeTypes[type],
    payload: Buffer.from(payload).toString("base64"),
    signatures: [{ keyid: fingerprintOf(key.publicKey), sig: Buffer.from(sig).toString("base64") }],
  };
  return Buffer.from(`${JSON.stringify(sealed)}\n`);
}

export function openEnvelope(type: EnvelopeType, bytes: Uint8Array): Opened | Refusal {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return refuse("it is not whole: it was cut short or is not a file of ours");
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return refuse("it is not a file of ours");
  const { payloadType, payload, signatures } = parsed.data;
  if (payloadType !== envelopeTypes[type])
    return refuse(`it holds ${payloadType}, not ${envelopeTypes[type]}`);
  const carried = Buffer.from(payload, "base64");
  const signature = Buffer.from(signatures[0]?.sig ?? "", "base64");
  return {
    payload: carried,
    isSignedBy: (publicKey) => isSignedBy(publicKey, signedBytes(payloadType, carried), signature),
  };
}

/** The pre-authentication encoding of DSSE v1. */
function signedBytes(type: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
