/**
 * Framing of Modbus TCP (Modbus messaging on TCP/IP 1.0b, 3.1.3): transaction, protocol 0, length, unit, PDU. Pure.
 */

/** Longest PDU (application protocol 1.1b3, 4.1: 253 bytes) with its 7 bytes of header. */
const frameBytesMax = 260;

const nothing = new Uint8Array(0);

/** Appends the frame of a PDU at `offset`; returns the offset after it. */
export function putMbap(
  into: Uint8Array,
  offset: number,
  transaction: number,
  unit: number,
  pdu: Uint8Array,
): number {
  const length = pdu.length + 1;
  into[offset] = transaction >>> 8;
  into[offset + 1] = transaction & 0xff;
  into[offset + 2] = 0;
  into[offset + 3] = 0;
  into[offset + 4] = length >>> 8;
  into[offset + 5] = length & 0xff;
  into[offset + 6] = unit;
  into.set(pdu, offset + 7);
  return offset + 7 + pdu.length;
}

/** The frame of one PDU. */
export function mbapFrame(transaction: number, unit: number, pdu: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(7 + pdu.length);
  putMbap(bytes, 0, transaction, unit, pdu);
  return bytes;
}

/**
 * Cuts a stream of bytes into frames. Keeps at most one unfinished frame. A stream that is not Modbus TCP cannot be
 * found again (there is no mark at which a frame begins), so it is said to be broken and the connection must go.
 */
export class MbapReader {
  #rest: Uint8Array = nothing;

  /**
   * @param onFrame called for each whole frame; `pdu` is a view that must not be kept
   * @returns what is wrong with the stream, or nothing
   */
  read(
    chunk: Uint8Array,
    onFrame: (transaction: number, unit: number, pdu: Uint8Array) => void,
  ): string | undefined {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = 0;
    while (bytes.length - at >= 7) {
      const protocol = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      const length = ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0);
      if (protocol !== 0) return `protocol ${protocol} in the header, Modbus is 0`;
      if (length < 2 || length > frameBytesMax - 6) return `a frame of length ${length}`;
      if (bytes.length - at < 6 + length) break;
      const transaction = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      onFrame(transaction, bytes[at + 6] ?? 0, bytes.subarray(at + 7, at + 6 + length));
      at += 6 + length;
    }
    this.#rest = at === bytes.length ? nothing : Uint8Array.from(bytes.subarray(at));
    return undefined;
  }
}
