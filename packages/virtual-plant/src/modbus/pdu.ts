/**
 * Requests to answers after "MODBUS Application Protocol Specification V1.1b3"; the paragraph stands at each function.
 * A PDU is function code and data, without unit, transaction or checksum.
 */
import type { Table } from "./point-map.ts";
import type { ModbusUnit } from "./unit.ts";

export const exception = {
  illegalFunction: 1,
  illegalAddress: 2,
  illegalValue: 3,
  deviceFailure: 4,
  busy: 6,
  gatewayPathUnavailable: 10,
  gatewayTargetFailed: 11,
} as const;

export function exceptionPdu(functionCode: number, code: number): Uint8Array {
  return Uint8Array.of(functionCode | 0x80, code);
}

/** Answers one request. Never throws: what cannot be understood is answered with an exception, as a device does. */
export function answerPdu(unit: ModbusUnit, request: Uint8Array): Uint8Array {
  const functionCode = request[0] ?? 0;
  const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
  const refuse = (code: number): Uint8Array => exceptionPdu(functionCode, code);
  switch (functionCode) {
    case 1: // 6.1 Read Coils
      return readBits(unit, "coil", view) ?? refuse(badReadCode(view, 2_000));
    case 2: // 6.2 Read Discrete Inputs
      return readBits(unit, "discrete", view) ?? refuse(badReadCode(view, 2_000));
    case 3: // 6.3 Read Holding Registers
      return readRegisters(unit, "holding", view) ?? refuse(badReadCode(view, 125));
    case 4: // 6.4 Read Input Registers
      return readRegisters(unit, "input", view) ?? refuse(badReadCode(view, 125));
    case 5: // 6.5 Write Single Coil
      return writeCoil(unit, request, view);
    case 6: // 6.6 Write Single Register
      if (request.length !== 5) return refuse(exception.illegalValue);
      return written(unit, "holding", view.getUint16(1), [view.getUint16(3)], request.slice());
    case 15: // 6.11 Write Multiple Coils
      return writeCoils(unit, request, view);
    case 16: // 6.12 Write Multiple Registers
      return writeRegisters(unit, request, view);
    case 22: // 6.16 Mask Write Register
      return maskWrite(unit, request, view);
    case 23: // 6.17 Read/Write Multiple Registers
      return readWrite(unit, request, view);
    default:
      return refuse(exception.illegalFunction);
  }
}

function badReadCode(view: DataView, countMax: number): number {
  if (view.byteLength !== 5) return exception.illegalValue;
  const count = view.getUint16(3);
  return count < 1 || count > countMax ? exception.illegalValue : exception.illegalAddress;
}

function readBits(unit: ModbusUnit, table: Table, view: DataView): Uint8Array | undefined {
  if (view.byteLength !== 5) return undefined;
  const count = view.getUint16(3);
  if (count < 1 || count > 2_000) return undefined;
  const words = unit.read(table, view.getUint16(1), count);
  if (words === undefined) return undefined;
  const answer = new Uint8Array(2 + Math.ceil(count / 8));
  answer[0] = view.getUint8(0);
  answer[1] = answer.length - 2;
  words.forEach((word, index) => {
    const at = 2 + (index >> 3);
    if (word !== 0) answer[at] = (answer[at] ?? 0) | (1 << (index & 7));
  });
  return answer;
}

function readRegisters(unit: ModbusUnit, table: Table, view: DataView): Uint8Array | undefined {
  if (view.byteLength !== 5) return undefined;
  const count = view.getUint16(3);
  if (count < 1 || count > 125) return undefined;
  const words = unit.read(table, view.getUint16(1), count);
  return words === undefined ? undefined : registersPdu(view.getUint8(0), words);
}

function registersPdu(functionCode: number, words: Uint16Array): Uint8Array {
  const answer = new Uint8Array(2 + 2 * words.length);
  const view = new DataView(answer.buffer);
  answer[0] = functionCode;
  answer[1] = 2 * words.length;
  words.forEach((word, index) => view.setUint16(2 + 2 * index, word));
  return answer;
}

function written(
  unit: ModbusUnit,
  table: "coil" | "holding",
  address: number,
  words: readonly number[],
  answer: Uint8Array,
): Uint8Array {
  const functionCode = answer[0] ?? 0;
  switch (unit.write(table, address, Uint16Array.from(words))) {
    case "done":
      return answer;
    case "address":
      return exceptionPdu(functionCode, exception.illegalAddress);
    case "value":
      return exceptionPdu(functionCode, exception.illegalValue);
  }
}

function writeCoil(unit: ModbusUnit, request: Uint8Array, view: DataView): Uint8Array {
  const value = request.length === 5 ? view.getUint16(3) : 1;
  if (value !== 0 && value !== 0xff00) return exceptionPdu(5, exception.illegalValue);
  return written(unit, "coil", view.getUint16(1), [value === 0 ? 0 : 1], request.slice());
}

function writeCoils(unit: ModbusUnit, request: Uint8Array, view: DataView): Uint8Array {
  const count = request.length >= 6 ? view.getUint16(3) : 0;
  const bytes = Math.ceil(count / 8);
  if (count < 1 || count > 1_968 || request[5] !== bytes || request.length !== 6 + bytes) {
    return exceptionPdu(15, exception.illegalValue);
  }
  const words = Array.from(
    { length: count },
    (_unused, index) => ((request[6 + (index >> 3)] ?? 0) >> (index & 7)) & 1,
  );
  return written(unit, "coil", view.getUint16(1), words, request.slice(0, 5));
}

function writeRegisters(unit: ModbusUnit, request: Uint8Array, view: DataView): Uint8Array {
  const count = request.length >= 6 ? view.getUint16(3) : 0;
  if (count < 1 || count > 123 || request[5] !== 2 * count || request.length !== 6 + 2 * count) {
    return exceptionPdu(16, exception.illegalValue);
  }
  const words = Array.from({ length: count }, (_unused, index) => view.getUint16(6 + 2 * index));
  return written(unit, "holding", view.getUint16(1), words, request.slice(0, 5));
}

function maskWrite(unit: ModbusUnit, request: Uint8Array, view: DataView): Uint8Array {
  if (request.length !== 7) return exceptionPdu(22, exception.illegalValue);
  const address = view.getUint16(1);
  const before = unit.peek("holding", address);
  if (before === undefined) return exceptionPdu(22, exception.illegalAddress);
  const and = view.getUint16(3);
  const word = (before & and) | (view.getUint16(5) & ~and & 0xffff);
  return written(unit, "holding", address, [word], request.slice());
}

function readWrite(unit: ModbusUnit, request: Uint8Array, view: DataView): Uint8Array {
  const bad = exceptionPdu(23, exception.illegalValue);
  if (request.length < 10) return bad;
  const readCount = view.getUint16(3);
  const count = view.getUint16(7);
  if (readCount < 1 || readCount > 125 || count < 1 || count > 121) return bad;
  if (request[9] !== 2 * count || request.length !== 10 + 2 * count) return bad;
  const words = Array.from({ length: count }, (_unused, index) => view.getUint16(10 + 2 * index));
  const answer = written(unit, "holding", view.getUint16(5), words, Uint8Array.of(23));
  if (answer.length > 1) return answer;
  const read = unit.read("holding", view.getUint16(1), readCount);
  if (read === undefined) return exceptionPdu(23, exception.illegalAddress);
  return registersPdu(23, read);
}
