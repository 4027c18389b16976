/** Frames of a capture as a gateway sends them. For tests only. */
import { createHash } from "node:crypto";

import {
  encodeCapture,
  encodePieceHead,
  type CaptureRecord,
  type TagId,
} from "@millwright/wire-contract";

import type { TestFrame, TestGateway } from "../ingest/test-gateway.ts";

const startUs = 1_799_971_200_000_000;

/** @param size of a piece */
export function sealCapture(
  gateway: TestGateway,
  bytes: Uint8Array,
  size = 100,
): readonly TestFrame[] {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const record: CaptureRecord = {
    tag: "pump-1/bearing" as TagId,
    name: "Bearing",
    asset: "Pump 1",
    startUs,
    rateHz: 25_600,
    count: bytes.length / 2,
    channels: 1,
    sampleType: "int16",
    scale: 1,
    unit: "[g]",
    overload: false,
    trigger: "schedule",
    why: "",
    state: [],
    mediaType: "application/octet-stream",
    sha256,
    byteCount: bytes.length,
  };
  const pieces: TestFrame[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const data = bytes.subarray(at, at + size);
    const body = Buffer.concat([encodePieceHead(sha256, at, data.length), data]);
    pieces.push(gateway.seal("capture", "piece", body));
  }
  return [...pieces, gateway.seal("capture", "capture", encodeCapture(record), { sampleCount: 1 })];
}
