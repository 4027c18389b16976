import { Malformed } from "./bytes.ts";
import { type Epoch, isEpoch } from "./tag.ts";

/** The 16 bytes that an epoch's 32 hexadecimal digits stand for. */
export function epochBytes(epoch: Epoch): Uint8Array {
  return Buffer.from(epoch, "hex");
}

export function epochOf(bytes: Uint8Array): Epoch {
  const digits = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
  if (!isEpoch(digits)) throw new Malformed("an epoch is not 16 bytes");
  return digits;
}
