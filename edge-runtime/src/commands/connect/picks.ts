/** Which values a person wants of those that a device offers. Pure. */
import { status, type ValueType } from "@millwright/wire-contract";

import type { Decoding, OfferedPoint } from "../../acquire/driver.ts";

/** An offered value with the options that its driver needs beside the address. */
export interface PickedPoint extends OfferedPoint {
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Addresses, numbers of the list that was shown (`3`, `5-8`), or `all`; several with commas. An address that holds a
 * comma itself stands alone.
 *
 * @returns the chosen ones in the order of the device, or in words which were not offered
 */
export function pickOffers(
  offers: readonly OfferedPoint[],
  wanted: readonly string[],
): readonly PickedPoint[] | string {
  const chosen = new Set<OfferedPoint>();
  const missing: string[] = [];
  const byAddress = new Map(offers.map((offer) => [offer.address, offer]));
  const words = wanted.flatMap((text) => (byAddress.has(text) ? [text] : splitList(text)));
  for (const word of words) {
    const offer = byAddress.get(word);
    const numbers = offer === undefined ? numbersOf(word, offers.length) : [];
    if (offer !== undefined) chosen.add(offer);
    else if (word === "all") for (const each of offers) chosen.add(each);
    else if (numbers.length === 0) missing.push(word);
    for (const number of numbers) {
      const numbered = offers[number - 1];
      if (numbered !== undefined) chosen.add(numbered);
    }
  }
  if (missing.length > 0) return `not offered by the device: ${missing.join(", ")}`;
  return offers.filter((offer) => chosen.has(offer)).map((offer) => ({ ...offer, options: {} }));
}

/**
 * For devices that cannot be asked what they hold: `holding:100=float32/CDAB` is address, type and byte order;
 * `holding:10=string/length:12` gives other options of the tag table. Without a type, bits are truth and everything else
 * a word of 16 bits without a sign.
 */
export function nameAddresses(wanted: readonly string[]): readonly PickedPoint[] {
  return wanted.flatMap(splitList).map((word) => {
    const [address = word, decoding = ""] = word.split("=");
    const [type = "", ...more] = decoding.split("/");
    const usual = /^(coil|discrete):/.test(address) ? "bool" : "uint16";
    const options = Object.fromEntries(
      more.map((each) => {
        const at = each.indexOf(":");
        return at < 0 ? ["order", each] : [each.slice(0, at), each.slice(at + 1)];
      }),
    ) as Readonly<Record<string, string>>;
    return {
      address,
      path: address,
      name: address,
      type: (type === "" ? usual : type) as ValueType,
      unit: "",
      value: undefined,
      status: status.badWaitingForInitialData,
      writable: false,
      options,
    };
  });
}

/** The pick for one line of a probe, as `nameAddresses` reads it. */
export function pickOf({ address, order, type, value }: Decoding): string {
  const plain = order === "" || order === "ABCD";
  if (type === "bcd") return `${address}=uint16/encoding:bcd`;
  if (type === "string") {
    // Whole registers, at least as long as what stands there now.
    const length = Math.max(2, Math.ceil(value.length / 2) * 2);
    return `${address}=string/length:${length}${plain ? "" : "/swap:yes"}`;
  }
  return `${address}=${type}${plain ? "" : `/${order}`}`;
}

function splitList(text: string): readonly string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

/** `3` or `5-8`, both within the list; nothing for all else. */
function numbersOf(word: string, max: number): readonly number[] {
  const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(word);
  if (match === null) return [];
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  if (from < 1 || to < from || to > max) return [];
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
