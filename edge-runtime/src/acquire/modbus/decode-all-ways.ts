/**
 * The picker for a person who has a register list and a doubt (field practice 40): the same registers decoded in every
 * order and type, with both neighbours, because lists that count from 1 make everyone miss by one. Pure.
 */
import type { Decoding } from "../driver.ts";
import type { Table } from "./addresses.ts";
import { isBitTable } from "./addresses.ts";
import {
  decodeBytes,
  decodeNumber,
  decodeText,
  fromBcd,
  rawBits,
  registersOf,
  type NumberType,
} from "./registers.ts";
import { byteOrders } from "./settings.ts";

const types = [
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float32",
  "uint64",
  "int64",
  "float64",
] as const satisfies readonly NumberType[];

/** The longest value of the picker takes four registers; each neighbour needs as many behind it. */
export const registersShown = 6;

/**
 * @param first address of `data`'s first register
 * @param address what the person asked for; its neighbours are one before and one after it
 */
export function decodeAllWays(
  table: Table,
  first: number,
  data: Uint8Array,
  address: number,
): readonly Decoding[] {
  const registerCount = Math.floor(data.length / 2);
  return [address, address - 1, address + 1].flatMap((start) => {
    const offset = start - first;
    if (offset < 0 || offset >= registerCount) return [];
    const show = (order: string, type: string, value: string): Decoding => ({
      address: `${table}:${start}`,
      order,
      type,
      value,
    });
    const numbers = types.flatMap((type) => {
      if (offset + registersOf(type) > registerCount) return [];
      // In one register only the order of its two bytes differs.
      const orders = registersOf(type) === 1 ? (["ABCD", "BADC"] as const) : byteOrders;
      return orders.map((order) =>
        show(order, type, textOf(decodeNumber(data, offset * 2, type, order))),
      );
    });
    const bcd = fromBcd(rawBits(data, offset * 2, 1, "ABCD"));
    const rest = (registerCount - offset) * 2;
    return [
      ...numbers,
      ...(bcd === undefined ? [] : [show("ABCD", "bcd", String(bcd))]),
      show("ABCD", "string", decodeText(decodeBytes(data, offset * 2, rest, false))),
      show("BADC", "string", decodeText(decodeBytes(data, offset * 2, rest, true))),
    ];
  });
}

/** Bits have no order and one type. */
export function decodeBits(
  table: Table,
  first: number,
  data: Uint8Array,
  count: number,
): readonly Decoding[] {
  return Array.from({ length: count }, (_, bit) => ({
    address: `${table}:${first + bit}`,
    order: "",
    type: "bool",
    value: (((data[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1 ? "true" : "false",
  }));
}

/** What to read for the picker: the address with its neighbours, within the table. */
export function shownAround(table: Table, address: number): { first: number; count: number } {
  const first = Math.max(0, address - 1);
  const wanted = isBitTable(table) ? 3 : registersShown;
  return { first, count: Math.min(wanted, 65_536 - first) };
}

/** Seven digits are what a float 32 holds; more would only show where the binary number ends. */
function textOf(value: number | bigint): string {
  if (typeof value === "bigint" || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(7)));
}
