/** How a value is written (field practice 43). Pure: from a point and a value to the question, or to a refusal. */
import type { Refused } from "@millwright/kit";
import { isWide, type Scalar, type WriteOutcome } from "@millwright/wire-contract";

import type { ModbusPoint, NumberDecoding } from "./addresses.ts";
import { numberOf } from "./columns.ts";
import type { Outcome } from "./conversation.ts";
import { exceptionWords } from "./exceptions.ts";
import {
  maskWriteQuestion,
  writeCoilQuestion,
  writeCoilsQuestion,
  writeRegisterQuestion,
  writeRegistersQuestion,
  type Question,
} from "./pdu.ts";
import {
  bitsToBytes,
  encodeNumber,
  encodeText,
  toBcd,
  toSignMagnitude,
  Unencodable,
} from "./registers.ts";

/** Modbus application protocol 1.1b3, 6.12: 123 registers in one write. */
const registersWrittenMax = 123;

/**
 * The question that writes `value`, and what to ask when the device does not know its function (exception 1, so that
 * nothing has happened): devices exist that only know the plural functions.
 *
 * @param power power of ten from the point's scale register; NaN when there is none or it is not known
 */
export function planWrite(
  point: ModbusPoint,
  value: Scalar,
  power: number,
): readonly [Question, ...Question[]] | Refused {
  const refused = refuseWrite(point);
  if (refused !== undefined) return refused;
  const { unit, address, decoding } = point;
  try {
    switch (decoding.kind) {
      case "coil": {
        const on = toBit(value);
        return [writeCoilQuestion(unit, address, on), writeCoilsQuestion(unit, address, [on])];
      }
      case "text":
      case "bytes": {
        const even = decoding.byteCount + (decoding.byteCount % 2);
        if (even / 2 > registersWrittenMax) {
          return refuse(`more than ${registersWrittenMax} registers do not go into one write`);
        }
        const bytes = encodeText(value, even, decoding.swapped);
        return [writeRegistersQuestion(unit, address, bytes)];
      }
      case "number":
        return planNumber(point, decoding, value, power);
    }
  } catch (failure) {
    if (failure instanceof Unencodable) return refuse(failure.message);
    throw failure;
  }
}

/** What no value can be written to. Unit 0 on a line is broadcast, to which nobody answers; no address has it there. */
export function refuseWrite({ table, address, decoding }: ModbusPoint): Refused | undefined {
  if (table === "input" || table === "discrete") {
    return refuse(`${table} ${address} can only be read`);
  }
  if (decoding.kind === "number" && decoding.bits !== undefined && decoding.registerCount > 1) {
    return refuse("a bit can be written in a single register only; write the tag as a 16-bit type");
  }
  return undefined;
}

function planNumber(
  point: ModbusPoint,
  decoding: NumberDecoding,
  value: Scalar,
  power: number,
): readonly [Question, ...Question[]] | Refused {
  const { unit, address } = point;
  if (decoding.bits !== undefined) {
    const { low, width } = decoding.bits;
    const top = 2 ** width - 1;
    const bits = decoding.asBool ? Number(toBit(value)) : Number(value);
    if (!Number.isInteger(bits) || bits < 0 || bits > top) {
      return refuse(`a whole number from 0 to ${top} is needed`);
    }
    // A device with swapped bytes keeps bit 0 in the high byte of the register.
    const swap = decoding.order === "BADC" || decoding.order === "DCBA";
    const turn = (word: number): number => (swap ? ((word & 0xff) << 8) | (word >>> 8) : word);
    const and = ~(top << low) & 0xffff;
    // Never read, change, write: that overwrites what the controller changed in between.
    return [maskWriteQuestion(unit, address, turn(and), turn(bits << low))];
  }
  const bytes = bytesOf(point, decoding, value, power);
  if (decoding.sentinels.length > 0 && numberOf(bytes, 0, decoding) === "not there") {
    return refuse("this value means 'not there' in the device");
  }
  // 32 bits and more in one request: between two the device would act on half a value.
  const plural = writeRegistersQuestion(unit, address, bytes);
  if (bytes.length > 2) return [plural];
  const word = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  return [writeRegisterQuestion(unit, address, word), plural];
}

function bytesOf(
  point: ModbusPoint,
  decoding: NumberDecoding,
  value: Scalar,
  power: number,
): Uint8Array {
  const { type, order, registerCount, encoding } = decoding;
  let raw: Scalar = decoding.asBool ? Number(toBit(value)) : value;
  if (decoding.timeUs !== undefined) {
    const counts = Number(raw) / decoding.timeUs;
    raw = BigInt(Math.round(counts));
  }
  if (point.scaleRegister !== undefined) {
    if (Number.isNaN(power)) throw new Unencodable("the scale factor was not read yet");
    const counts = power < 0 ? Number(raw) * 10 ** -power : Number(raw) / 10 ** power;
    raw = type === "float32" || type === "float64" ? counts : Math.round(counts);
  }
  if (encoding === "bcd") return bitsToBytes(toBcd(raw, registerCount), registerCount, order);
  if (encoding === "sign-magnitude") {
    return bitsToBytes(toSignMagnitude(raw, registerCount), registerCount, order);
  }
  if (!isWide(type) && typeof raw === "bigint") raw = Number(raw);
  return encodeNumber(raw, type, order);
}

function toBit(value: Scalar): boolean {
  if (value === true || value === 1 || value === 1n) return true;
  if (value === false || value === 0 || value === 0n) return false;
  throw new Unencodable("true or false is needed");
}

/** What became of a write. Where the device may have acted, the word is "unknown", and nobody tries again by himself. */
export function outcomeOfWrite(outcome: Outcome): WriteOutcome {
  switch (outcome.kind) {
    case "answer":
      return { kind: "accepted" };
    case "exception":
      // 4: it failed half way. 5: it works on it. 11: the gateway asked and heard nothing.
      return outcome.code === 4 || outcome.code === 5 || outcome.code === 11
        ? { kind: "unknown", reason: exceptionWords(outcome.code) }
        : refuse(exceptionWords(outcome.code));
    case "silent":
      return outcome.sent
        ? { kind: "unknown", reason: "the device did not answer in time" }
        : refuse("the device does not answer; nothing was sent");
    case "garbled":
      return { kind: "unknown", reason: `the answer could not be understood: ${outcome.what}` };
    case "lost":
      return outcome.sent
        ? { kind: "unknown", reason: "the link was lost before the device answered" }
        : refuse("the link is lost; nothing was sent");
  }
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
