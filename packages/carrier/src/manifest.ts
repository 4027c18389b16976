/** What an export says of itself: who made it, what lies in which file, and where the gateway stood. */
import {
  isGatewayId,
  roadLanes,
  type Epoch,
  type GatewayId,
  type Hello,
  type RoadLane,
} from "@millwright/wire-contract";
import * as z from "zod";

import { openEnvelope, sealEnvelope } from "./envelope.ts";
import { isPublicKey, type PublicKey, type SigningKey } from "./key.ts";
import { isRefusal, refuse, type Refusal } from "./refuse.ts";

export interface ExportedFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly frames: number;
  readonly samples: number;
  /** Least and greatest measured time in it, µs. */
  readonly firstUs: number;
  readonly lastUs: number;
}

/** What of one lane of one epoch is in the export. */
export interface ExportedLane {
  readonly epoch: Epoch;
  readonly lane: RoadLane;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly frames: number;
}

export interface Manifest {
  readonly version: 1;
  readonly gateway: GatewayId;
  readonly publicKey: PublicKey;
  /** By the gateway's clock, µs. */
  readonly exportedUs: number;
  /** What the gateway would have said to the hub just then; checked by who reads a hello. */
  readonly hello: Hello;
  /** A stretch of time that was asked for; absent when all was that waited. */
  readonly range?: { readonly fromUs: number; readonly untilUs: number };
  readonly frames: number;
  readonly samples: number;
  readonly lanes: readonly ExportedLane[];
  readonly files: readonly ExportedFile[];
}

export const manifestName = "manifest.json";
/** 64 MiB of frames are a few seconds of a hub's work, and small enough to be held in memory. */
export const exportedFileBytesMax: number = 64 * 2 ** 20;
/** 6 TB of frames at that size. */
const filesMax = 100_000;
/** That many files are described in 25 MB; the hello of a gateway that was started 50,000 times takes as much. */
export const manifestBytesMax: number = 64 * 2 ** 20;
const fileName = /^frames-[0-9]{6}\.mwf$/;

export function isExportedFileName(name: string): boolean {
  return fileName.test(name);
}

export function exportedFileName(index: number): string {
  return `frames-${String(index + 1).padStart(6, "0")}.mwf`;
}

const count = z.int().min(0);
const manifest = z.object({
  version: z.literal(1),
  gateway: z.custom<GatewayId>((value) => typeof value === "string" && isGatewayId(value)),
  publicKey: z.string().refine(isPublicKey),
  exportedUs: z.number(),
  hello: z.looseObject({ version: z.literal(1), gateway: z.string() }),
  range: z.object({ fromUs: z.number(), untilUs: z.number() }).exactOptional(),
  frames: count,
  samples: count,
  lanes: z.array(
    z.object({
      epoch: z.string().regex(/^[0-9a-f]{32}$/),
      lane: z.enum(roadLanes),
      fromSeq: count,
      toSeq: count,
      frames: count,
    }),
  ),
  files: z
    .array(
      z.object({
        name: z.string(),
        bytes: count.max(exportedFileBytesMax),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        frames: count,
        samples: count,
        firstUs: z.number(),
        lastUs: z.number(),
      }),
    )
    .max(filesMax),
});

export function sealManifest(content: Manifest, key: SigningKey): Uint8Array {
  return sealEnvelope("export", Buffer.from(JSON.stringify(content)), key);
}

/** Proves that who made it has the key that it names. Whether that key is the gateway's own is asked of the pins. */
export function readManifest(bytes: Uint8Array): Manifest | Refusal {
  const opened = openEnvelope("export", bytes);
  if (isRefusal(opened)) return refuse(`the manifest cannot be read: ${opened.reason}`);
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(opened.payload).toString("utf8"));
  } catch {
    return refuse("the manifest cannot be read: what it carries is not JSON");
  }
  const parsed = manifest.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(
      `the manifest is not one of this version: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
    );
  }
  if (!opened.isSignedBy(parsed.data.publicKey))
    return refuse("the manifest was changed after it was signed, or was signed with another key");
  const strange = parsed.data.files.find(({ name }) => !isExportedFileName(name));
  if (strange !== undefined)
    return refuse(
      `the manifest names the file "${strange.name}"; only frames-000001.mwf and the like, beside the manifest, are read`,
    );
  const names = new Set(parsed.data.files.map(({ name }) => name));
  if (names.size !== parsed.data.files.length) return refuse("the manifest names a file twice");
  if (parsed.data.hello.gateway !== parsed.data.gateway)
    return refuse("the manifest is of one gateway and its hello of another");
  // The hello is whole only once who reads a hello from the wire has read this one, too.
  return parsed.data as unknown as Manifest;
}
