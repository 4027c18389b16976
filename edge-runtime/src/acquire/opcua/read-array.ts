import type { Refused } from "@millwright/kit";
import { sampleBytes } from "@millwright/wire-contract";

import type { ArrayReading, ArrayWish } from "../driver.ts";
import { parseAddress, type Address } from "./addresses.ts";
import type { Library } from "./library.ts";
import { resolveAddresses } from "./resolve.ts";
import { readValues, type ServerFacts } from "./server-facts.ts";
import type { Session } from "./session.ts";
import { builtIn, toUs } from "./values.ts";

/**
 * Reads an array whole, with the rate and the scale that stand beside it, in one request, so that the three belong
 * together.
 *
 * @throws ServiceFailure, ChannelLost
 */
export async function readArray(
  library: Library,
  session: Session,
  facts: ServerFacts,
  wish: ArrayWish,
): Promise<ArrayReading | Refused> {
  const texts = [wish.array, wish.rate, wish.scale];
  const addresses: Address[] = [];
  for (const text of texts) {
    if (typeof text === "number") continue;
    const address = parseAddress(text);
    if (address.kind === "refused") return address;
    addresses.push(address);
  }
  const nodeIds = await resolveAddresses(library, session, addresses, facts);
  const known = nodeIds.filter((nodeId) => nodeId !== undefined);
  if (known.length < addresses.length) return refuse("the device does not know all its addresses");
  const values = await readValues(library, session, known, facts.limits.read);
  const numbers = texts.map((text) => (typeof text === "number" ? text : undefined));
  let next = 0;
  const [array, rate, scale] = numbers.map((number) =>
    number === undefined ? values[next++] : number,
  );
  if (array === undefined || typeof array === "number")
    return refuse("the device answered nothing");
  if (array.statusCode.value >>> 30 >= 2) return refuse(`the device says ${array.statusCode.name}`);
  const rateHz = numberOf(rate);
  const factor = numberOf(scale);
  if (rateHz === undefined || !(rateHz > 0)) return refuse("its rate is no number above 0");
  if (factor === undefined) return refuse("its scale is no number");
  const rows = bytesOf(array.value.dataType, array.value.value);
  if (rows === undefined) return refuse("the device holds no array of numbers there");
  const measuredUs = array.sourceTimestamp === null ? NaN : toUs(array.sourceTimestamp, 0);
  return { ...rows, rateHz, scale: factor, measuredUs };
}

/** Little-endian, whatever this machine is. */
function bytesOf(
  dataType: number,
  value: unknown,
): Pick<ArrayReading, "bytes" | "sampleType" | "count" | "overload"> | undefined {
  const sampleType = sampleTypeOf(dataType);
  if (sampleType === undefined || !isNumbers(value)) return undefined;
  const size = sampleBytes[sampleType];
  const bytes = new Uint8Array(value.length * size);
  const view = new DataView(bytes.buffer);
  let overload = false;
  for (let at = 0; at < value.length; at++) {
    const number = value[at] ?? NaN;
    if (sampleType === "int16") view.setInt16(at * size, number, true);
    else if (sampleType === "int32") view.setInt32(at * size, number, true);
    else if (sampleType === "float32") view.setFloat32(at * size, number, true);
    else view.setFloat64(at * size, number, true);
    overload ||= isEnd(sampleType, number);
  }
  return { bytes, sampleType, count: value.length, overload };
}

function sampleTypeOf(dataType: number): ArrayReading["sampleType"] | undefined {
  switch (dataType) {
    case builtIn.sbyte:
    case builtIn.byte:
    case builtIn.int16:
      return "int16";
    case builtIn.uint16:
    case builtIn.int32:
      return "int32";
    case builtIn.float:
      return "float32";
    case builtIn.uint32:
    case builtIn.double:
      return "float64";
    default:
      return undefined;
  }
}

/** A converter at the end of its range says so by its last number; so does a NaN of one that thinks. */
function isEnd(sampleType: ArrayReading["sampleType"], number: number): boolean {
  if (sampleType === "int16") return number === 32_767 || number === -32_768;
  if (sampleType === "int32") return number === 2_147_483_647 || number === -2_147_483_648;
  return !Number.isFinite(number);
}

function isNumbers(value: unknown): value is ArrayLike<number> {
  return (
    (ArrayBuffer.isView(value) && !(value instanceof DataView)) ||
    (Array.isArray(value) && value.every((one) => typeof one === "number"))
  );
}

function numberOf(
  value: number | { readonly value: { readonly value?: unknown } } | undefined,
): number | undefined {
  const read: unknown = typeof value === "number" ? value : value?.value.value;
  return typeof read === "number" && Number.isFinite(read) ? read : undefined;
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
