/** What the hub asks the process of the lake. */
import type { LogLevel, ReducedLine } from "@millwright/kit";

import type { BucketAnswer, BucketOrder, DigestAnswer, DigestOrder } from "../../hand-over.ts";
import type { LinesQuestion } from "../sample-reader.ts";
import type { ExportOrder, ExportPiece } from "./export-samples.ts";
import type { BucketSettings } from "./object-bucket.ts";

/** Where the files of days that are over lie. */
export interface LakePlace {
  readonly folder: string;
  readonly bucket?: BucketSettings | undefined;
}

/** The first message. */
export interface LakeSettings extends LakePlace {
  readonly databaseUrl: string;
  readonly logLevel: LogLevel;
}

export type LakeQuestion =
  | ({ readonly kind: "lines" } & LinesQuestion)
  /** Begins an export; `no` is the asker's number for it. */
  | { readonly kind: "export-open"; readonly no: number; readonly order: ExportOrder }
  | { readonly kind: "export-next"; readonly no: number }
  /** Also one that has not ended. */
  | { readonly kind: "export-close"; readonly no: number }
  | ({ readonly kind: "digest" } & DigestOrder)
  | ({ readonly kind: "digest-buckets" } & BucketOrder);

export type LakeReply =
  | { readonly kind: "lines"; readonly lines: readonly ReducedLine[] }
  /** Without a piece behind the last. */
  | { readonly kind: "export"; readonly piece?: ExportPiece | undefined }
  | { readonly kind: "digest"; readonly answer: DigestAnswer }
  | { readonly kind: "digest-buckets"; readonly answer: BucketAnswer | undefined }
  | { readonly kind: "failed"; readonly reason: string };
