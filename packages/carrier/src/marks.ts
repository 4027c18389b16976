/** The way back: how far the hub has stored what a gateway sent, in a file that the hub has signed. */
import {
  isEpoch,
  isGatewayId,
  roadLanes,
  type Epoch,
  type GatewayId,
  type LaneMark,
} from "@millwright/wire-contract";
import * as z from "zod";

import { openEnvelope, sealEnvelope } from "./envelope.ts";
import { isPublicKey, type PublicKey, type SigningKey } from "./key.ts";
import { isRefusal, refuse, type Refusal } from "./refuse.ts";

export interface MarksFile {
  readonly version: 1;
  readonly gateway: GatewayId;
  /** Of the hub. */
  readonly publicKey: PublicKey;
  /** By the hub's clock, µs. */
  readonly madeUs: number;
  readonly incarnation: string;
  /**
   * The incarnation that the gateway had agreed on when it made the export which this answers; absent when none. It
   * tells an answer to where the gateway stands now from one that was overtaken.
   */
  readonly after?: string;
  readonly marks: readonly LaneMark[];
}

/** A mark is 150 bytes; a gateway that was started 50,000 times has three of each start. */
export const marksBytesMax: number = 32 * 2 ** 20;

export function marksName(gateway: string): string {
  return `marks-${gateway}.json`;
}

const count = z.int().min(0);
const marksFile = z.object({
  version: z.literal(1),
  gateway: z.custom<GatewayId>((value) => typeof value === "string" && isGatewayId(value)),
  publicKey: z.string().refine(isPublicKey),
  madeUs: z.number(),
  incarnation: z.string().min(1).max(64),
  after: z.string().max(64).exactOptional(),
  marks: z
    .array(
      z.object({
        epoch: z.custom<Epoch>((value) => typeof value === "string" && isEpoch(value)),
        lane: z.enum(roadLanes),
        storedSeq: count,
        chain: z.string().regex(/^[0-9a-f]{16}$/),
        safeSeq: count,
      }),
    )
    .max(200_000),
});

export function sealMarks(content: MarksFile, key: SigningKey): Uint8Array {
  return sealEnvelope("marks", Buffer.from(JSON.stringify(content)), key);
}

/** Proves that who made it has the key that it names. Whether that is the hub's own is asked of the pin. */
export function readMarks(bytes: Uint8Array): MarksFile | Refusal {
  const opened = openEnvelope("marks", bytes);
  if (isRefusal(opened)) return refuse(`the file of marks cannot be read: ${opened.reason}`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(opened.payload).toString("utf8"));
  } catch {
    return refuse("the file of marks cannot be read: what it carries is not JSON");
  }
  const parsed = marksFile.safeParse(json);
  if (!parsed.success) return refuse("the file of marks is not one of this version");
  if (!opened.isSignedBy(parsed.data.publicKey))
    return refuse(
      "the file of marks was changed after it was signed, or was signed with another key",
    );
  return parsed.data;
}
