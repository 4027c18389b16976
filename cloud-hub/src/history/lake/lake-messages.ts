/** What the hub asks the process of the lake. */
import type { LogLevel, ReducedLine } from "@millwright/kit";
import type { GatewayId } from "@millwright/wire-contract";

import type { BucketAnswer, BucketOrder, DigestAnswer, DigestOrder } from "../../hand-over.ts";
import type { LinesQuestion } from "../sample-reader.ts";
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
  | {
      readonly kind: "export";
      readonly gateway: GatewayId;
      readonly tags: readonly string[];
      readonly fromUs: number;
      readonly toUs: number;
      /** A Parquet file that is made. */
      readonly path: string;
    }
  | ({ readonly kind: "digest" } & DigestOrder)
  | ({ readonly kind: "digest-buckets" } & BucketOrder);

export type LakeReply =
  | { readonly kind: "lines"; readonly lines: readonly ReducedLine[] }
  | { readonly kind: "exported"; readonly samples: number }
  | { readonly kind: "digest"; readonly answer: DigestAnswer }
  | { readonly kind: "digest-buckets"; readonly answer: BucketAnswer | undefined }
  | { readonly kind: "failed"; readonly reason: string };
