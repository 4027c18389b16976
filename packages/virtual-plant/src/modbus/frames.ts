/** The two framings: MBAP for TCP ("MODBUS Messaging on TCP/IP V1.0b", 3.1.3) and RTU with CRC ("over serial line V1.02", 2.5). */

export interface Request {
  /** Transaction number on TCP; 0 on RTU, which has none. */
  readonly transaction: number;
  readonly unit: number;
  readonly pdu: Uint8Array;
}

export interface Framing {
  readonly name: "tcp" | "rtu";
  /**
   * Takes whole requests off the front of `bytes`.
   *
   * @returns them and how many bytes they took; garbage is taken as well, because a device drops it
   */
  requests(bytes: Uint8Array): { readonly found: readonly Request[]; readonly taken: number };
  frame(transaction: number, unit: number, pdu: Uint8Array): Uint8Array;
}

export const tcpFraming: Framing = {
  name: "tcp",
  requests(bytes) {
    const found: Request[] = [];
    let at = 0;
    while (bytes.length - at >= 8) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at);
      const length = view.getUint16(4);
      // A PDU has 1 to 253 bytes; with the unit 2 to 254. Anything else is not Modbus: drop all that came.
      if (view.getUint16(2) !== 0 || length < 2 || length > 254)
        return { found, taken: bytes.length };
      if (bytes.length - at < 6 + length) break;
      const pdu = bytes.slice(at + 7, at + 6 + length);
      found.push({ transaction: view.getUint16(0), unit: view.getUint8(6), pdu });
      at += 6 + length;
    }
    return { found, taken: at };
  },
  frame(transaction, unit, pdu) {
    const bytes = new Uint8Array(7 + pdu.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, transaction);
    view.setUint16(4, 1 + pdu.length);
    view.setUint8(6, unit);
    bytes.set(pdu, 7);
    return bytes;
  },
};

export const rtuFraming: Framing = {
  name: "rtu",
  requests(bytes) {
    const found: Request[] = [];
    let at = 0;
    while (at < bytes.length) {
      const length = rtuRequestLength(bytes.subarray(at));
      if (length === undefined) break;
      if (length > 0 && bytes.length - at < length) break;
      const whole = bytes.subarray(at, at + length);
      if (length === 0 || crc16(whole.subarray(0, -2)) !== crcOf(whole)) {
        // Not a request from here on: look for one a byte further, as a device that was switched on mid-frame does.
        at++;
        continue;
      }
      found.push({ transaction: 0, unit: whole[0] ?? 0, pdu: whole.slice(1, -2) });
      at += length;
    }
    return { found, taken: at };
  },
  frame(_transaction, unit, pdu) {
    const bytes = new Uint8Array(3 + pdu.length);
    bytes[0] = unit;
    bytes.set(pdu, 1);
    const crc = crc16(bytes.subarray(0, -2));
    bytes[bytes.length - 2] = crc & 0xff;
    bytes[bytes.length - 1] = crc >> 8;
    return bytes;
  },
};

/** Length of the request that begins here: undefined when more bytes must tell, 0 when none begins here. */
function rtuRequestLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 2) return undefined;
  const functionCode = bytes[1] ?? 0;
  switch (functionCode) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      return 8;
    case 15:
    case 16:
      return bytes.length < 7 ? undefined : 9 + (bytes[6] ?? 0);
    case 22:
      return 10;
    case 23:
      return bytes.length < 11 ? undefined : 13 + (bytes[10] ?? 0);
    default:
      // A function this device does not know: its length is unknown too, so it counts as one of 4 bytes (no data).
      return functionCode > 0 && functionCode < 0x80 ? 4 : 0;
  }
}

function crcOf(frame: Uint8Array): number {
  return (frame[frame.length - 2] ?? 0) | ((frame[frame.length - 1] ?? 0) << 8);
}

/** CRC-16 of RTU: polynomial 0xA001 reflected, start 0xFFFF (serial line V1.02, 6.2.2). */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}
