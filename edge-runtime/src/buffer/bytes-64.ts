/** 64 bit as 8 bytes: SQLite integers are signed, and numbers of JavaScript end at 2^53. */
export function bytesOf64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

export function bigOf(bytes: Buffer): bigint {
  return bytes.readBigUInt64BE();
}
