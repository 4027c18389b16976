/**
 * Framing of Modbus RTU (Modbus over serial line 1.02, 2.5.1): unit, PDU, CRC low byte first. Pure. Neither Linux nor
 * USB adapters keep the silence that ends a frame, so the end is found by the expected length and proven by the CRC
 * (field practice 35).
 */
import { judgeAnswer, type Answer, type Question } from "./pdu.ts";

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xa001;
  return crc;
});

/** CRC-16 of the serial line guide 1.02, 6.2.2: polynomial 0xA001 reflected, start 0xFFFF. */
export function crc16(bytes: Uint8Array, end: number = bytes.length): number {
  let crc = 0xffff;
  for (let index = 0; index < end; index++) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0);
  }
  return crc;
}

/** The frame of one PDU. */
export function rtuFrame(unit: number, pdu: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(pdu.length + 3);
  bytes[0] = unit;
  bytes.set(pdu, 1);
  const crc = crc16(bytes, pdu.length + 1);
  bytes[pdu.length + 1] = crc & 0xff;
  bytes[pdu.length + 2] = crc >>> 8;
  return bytes;
}

/**
 * Judges what came so far as the answer to `question`.
 *
 * @returns nothing while bytes are missing
 */
export function judgeRtu(question: Question, bytes: Uint8Array): Answer | undefined {
  if (bytes.length < 2) return undefined;
  const fn = question.pdu[0] ?? 0;
  if (bytes[0] !== question.unit) {
    return { kind: "garbled", what: `unit ${bytes[0] ?? 0} answers for unit ${question.unit}` };
  }
  const isException = bytes[1] === (fn | 0x80);
  if (!isException && bytes[1] !== fn) {
    return { kind: "garbled", what: `function ${bytes[1] ?? 0} answers function ${fn}` };
  }
  const length = isException ? 5 : question.answerLength + 3;
  if (bytes.length < length) return undefined;
  if (bytes.length > length) {
    return { kind: "garbled", what: `${bytes.length} bytes where ${length} were due` };
  }
  const crc = (bytes[length - 2] ?? 0) | ((bytes[length - 1] ?? 0) << 8);
  if (crc !== crc16(bytes, length - 2)) return { kind: "garbled", what: "the checksum is wrong" };
  return judgeAnswer(question, bytes.subarray(1, length - 2));
}

/** One character of RTU is 11 bits: start, 8 data, parity or second stop, stop (serial line guide 1.02, 2.5.1). */
export const bitsPerCharacter = 11;

/** Time of so many characters on the line, ms. */
export function wireMs(characters: number, baudRate: number): number {
  return (characters * bitsPerCharacter * 1_000) / baudRate;
}

/** The silence between two frames, ms: 3.5 characters, fixed 1.75 ms above 19,200 baud (serial line guide, 2.5.1.1). */
export function silenceMs(baudRate: number): number {
  return baudRate > 19_200 ? 1.75 : wireMs(3.5, baudRate);
}
