/**
 * Questions and answers without their framing (Modbus application protocol 1.1b3, 6). Pure.
 *
 * We speak the protocol ourselves, on `node:net` and `serialport`: a frame is a dozen bytes, while what matters here -
 * one queue per line, late answers that never land in another tag, decoding straight into columns, requests in
 * flight - is what the libraries leave to their callers, at a third of the registers per second of a bare socket.
 */

/** One request and what its answer must look like. */
export interface Question {
  readonly unit: number;
  readonly pdu: Uint8Array;
  /** Length of a normal answer's PDU. Known beforehand for every function we use, which is how RTU finds the end. */
  readonly answerLength: number;
  /** The answer must begin with so many bytes of the request: what a device echoes. At least 1, the function. */
  readonly echoLength: number;
  /** Third check, of reads: the byte count that the answer must declare. */
  readonly byteCount?: number;
}

export type Answer =
  | { readonly kind: "answer"; readonly pdu: Uint8Array }
  | { readonly kind: "exception"; readonly code: number }
  | { readonly kind: "garbled"; readonly what: string };

const write16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
};

/** Reads `count` coils (1), discrete inputs (2), holding (3) or input registers (4). */
export function readQuestion(
  unit: number,
  fn: 1 | 2 | 3 | 4,
  address: number,
  count: number,
): Question {
  const pdu = new Uint8Array(5);
  pdu[0] = fn;
  write16(pdu, 1, address);
  write16(pdu, 3, count);
  const byteCount = fn <= 2 ? Math.ceil(count / 8) : count * 2;
  return { unit, pdu, answerLength: 2 + byteCount, echoLength: 1, byteCount };
}

/** Function 5: the coil is set with 0xFF00 and reset with 0; the answer repeats the request. */
export function writeCoilQuestion(unit: number, address: number, on: boolean): Question {
  const pdu = new Uint8Array(5);
  pdu[0] = 5;
  write16(pdu, 1, address);
  write16(pdu, 3, on ? 0xff00 : 0);
  return { unit, pdu, answerLength: 5, echoLength: 5 };
}

/** Function 6: one register; the answer repeats the request. */
export function writeRegisterQuestion(unit: number, address: number, value: number): Question {
  const pdu = new Uint8Array(5);
  pdu[0] = 6;
  write16(pdu, 1, address);
  write16(pdu, 3, value);
  return { unit, pdu, answerLength: 5, echoLength: 5 };
}

/** Function 15: several coils at once; the answer repeats address and count. */
export function writeCoilsQuestion(
  unit: number,
  address: number,
  coils: readonly boolean[],
): Question {
  const byteCount = Math.ceil(coils.length / 8);
  const pdu = new Uint8Array(6 + byteCount);
  pdu[0] = 15;
  write16(pdu, 1, address);
  write16(pdu, 3, coils.length);
  pdu[5] = byteCount;
  coils.forEach((on, index) => {
    if (on) pdu[6 + (index >> 3)] = (pdu[6 + (index >> 3)] ?? 0) | (1 << (index & 7));
  });
  return { unit, pdu, answerLength: 5, echoLength: 5 };
}

/** Function 16: several registers at once; the answer repeats address and count. */
export function writeRegistersQuestion(unit: number, address: number, bytes: Uint8Array): Question {
  const pdu = new Uint8Array(6 + bytes.length);
  pdu[0] = 16;
  write16(pdu, 1, address);
  write16(pdu, 3, bytes.length / 2);
  pdu[5] = bytes.length;
  pdu.set(bytes, 6);
  return { unit, pdu, answerLength: 5, echoLength: 5 };
}

/** Function 22: the device itself computes (old AND `and`) OR (`or` AND NOT `and`), so nobody's bits are lost. */
export function maskWriteQuestion(
  unit: number,
  address: number,
  and: number,
  or: number,
): Question {
  const pdu = new Uint8Array(7);
  pdu[0] = 22;
  write16(pdu, 1, address);
  write16(pdu, 3, and);
  write16(pdu, 5, or);
  return { unit, pdu, answerLength: 7, echoLength: 7 };
}

/**
 * Judges a PDU that came as the answer. Everything that the protocol lets us compare is compared, because a wrong value
 * that looks good is worse than none.
 */
export function judgeAnswer(question: Question, pdu: Uint8Array): Answer {
  const fn = question.pdu[0] ?? 0;
  if (pdu[0] === (fn | 0x80)) {
    if (pdu.length !== 2) return { kind: "garbled", what: `an exception of ${pdu.length} bytes` };
    return { kind: "exception", code: pdu[1] ?? 0 };
  }
  if (pdu[0] !== fn) {
    return { kind: "garbled", what: `function ${pdu[0] ?? "none"} answers function ${fn}` };
  }
  if (pdu.length !== question.answerLength) {
    return {
      kind: "garbled",
      what: `an answer of ${pdu.length} bytes where ${question.answerLength} were due`,
    };
  }
  if (question.byteCount !== undefined && pdu[1] !== question.byteCount) {
    return {
      kind: "garbled",
      what: `${pdu[1] ?? 0} bytes of values where ${question.byteCount} were asked for`,
    };
  }
  for (let index = 1; index < question.echoLength; index++) {
    if (pdu[index] !== question.pdu[index]) {
      return { kind: "garbled", what: "the answer does not repeat the request" };
    }
  }
  return { kind: "answer", pdu };
}
