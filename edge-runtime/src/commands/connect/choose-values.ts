/** Which values of a device are wanted: by browsing what it offers, or by looking at addresses in every decoding. */
import { Fault, hintOf, messageChain } from "@millwright/kit";

import { exitCodes } from "../../exit-codes.ts";
import type { Driver, DriverContext, OfferedPoint } from "../../acquire/driver.ts";
import type { DeviceSettings } from "../../settings/load-device.ts";
import type { Ask } from "../ask.ts";
import type { CommandContext } from "../command.ts";
import type { ConnectFlags } from "./options.ts";
import { showValue } from "./picked-tag.ts";
import { nameAddresses, pickOf, pickOffers, type PickedPoint } from "./picks.ts";
import { printTable } from "./text-table.ts";

/** What is taken, or the exit code when there is nothing more to do. */
type Chosen = { readonly points: readonly PickedPoint[] } | { readonly end: number };

export async function chooseValues(
  device: DeviceSettings,
  flags: ConnectFlags,
  driverContext: DriverContext,
  context: CommandContext,
): Promise<Chosen> {
  const { driver, connection } = device;
  if (flags.probe !== undefined) {
    if (driver.probe === undefined) {
      process.stderr.write(`${driver.protocol} needs no probing; leave --probe out to browse\n`);
      return { end: exitCodes.refused };
    }
    printDecodings(
      await driver.probe(connection, flags.probe, driverContext, context.until),
      context,
    );
    return { end: 0 };
  }
  if (driver.browse === undefined) return await byAddress(device, flags, driverContext, context);
  const offers = await offersOf(driver, connection, flags, driverContext, context.until);
  let wanted = flags.pick;
  if (wanted.length === 0) {
    printOffers(offers, context);
    if (offers.length === 0 || context.ask === undefined) return { end: 0 };
    wanted = [await context.ask("Which of them (numbers such as 1,4-7, addresses, or all)", "all")];
  }
  const points = pickOffers(offers, wanted);
  if (typeof points === "string") {
    process.stderr.write(`--pick: ${points}\n`);
    return { end: exitCodes.refused };
  }
  return { points };
}

async function byAddress(
  device: DeviceSettings,
  flags: ConnectFlags,
  driverContext: DriverContext,
  { ask, out, until }: CommandContext,
): Promise<Chosen> {
  if (flags.pick.includes("all")) {
    process.stderr.write(
      `--pick all: a ${device.driver.protocol} device cannot say what it holds; name addresses, for example --pick holding:100=float32\n`,
    );
    return { end: exitCodes.refused };
  }
  if (flags.pick.length > 0) return { points: nameAddresses(flags.pick) };
  if (ask !== undefined) {
    const picks = await askAddresses(device, ask, driverContext, out, until);
    if (picks.length > 0) return { points: nameAddresses(picks) };
    out.write("Nothing was taken, and nothing was written.\n");
    return { end: 0 };
  }
  process.stderr.write(
    "say which addresses: --pick holding:100=float32/CDAB,input:4=int16; --probe holding:100 shows one in every decoding\n",
  );
  return { end: exitCodes.refused };
}

/** More than a person names one by one is a table, not a conversation. */
const addressesMax = 200;

/** Address by address: shows it in every decoding, and the person says which one is right. */
async function askAddresses(
  { driver, connection }: DeviceSettings,
  ask: Ask,
  driverContext: DriverContext,
  out: CommandContext["out"],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const picks: string[] = [];
  let address = await ask(
    "Which address (coil:N, discrete:N, holding:N or input:N, counted from 0)",
    "holding:0",
  );
  while (address !== "" && picks.length < addressesMax) {
    try {
      const decodings = (await driver.probe?.(connection, address, driverContext, signal)) ?? [];
      printDecodings(decodings, { out });
      const number = Number(await ask("Which line is right (its number; 0 for none of them)", "1"));
      const right = decodings[number - 1];
      if (right !== undefined) picks.push(pickOf(right));
    } catch (failure) {
      // A wrong address, or a device that is just being plugged in: the person tries again, or ends.
      if (!(failure instanceof Fault)) throw failure;
      process.stderr.write(`${messageChain(failure)}\n${hintOf(failure) ?? ""}\n`);
    }
    address = await ask("Another address (Enter when that is all)", "");
  }
  return picks;
}

async function offersOf(
  driver: Driver<unknown>,
  connection: unknown,
  flags: ConnectFlags,
  context: DriverContext,
  signal: AbortSignal,
): Promise<readonly OfferedPoint[]> {
  const offers: OfferedPoint[] = [];
  const wanted = flags.find.toLowerCase();
  for await (const offer of driver.browse?.(connection, context, flags.max, signal) ?? []) {
    if (`${offer.path} ${offer.address}`.toLowerCase().includes(wanted)) offers.push(offer);
  }
  return offers;
}

function printDecodings(
  decodings: Awaited<ReturnType<NonNullable<Driver<unknown>["probe"]>>>,
  { out }: Pick<CommandContext, "out">,
): void {
  printTable(
    ["", "address", "order", "type", "value", "to take it"],
    decodings.map((each, index) => [
      String(index + 1),
      each.address,
      each.order,
      each.type,
      each.value,
      `--pick ${pickOf(each)}`,
    ]),
    out,
  );
}

function printOffers(offers: readonly OfferedPoint[], { out }: CommandContext): void {
  printTable(
    ["", "address", "path", "type", "value"],
    offers.map(({ address, path, type, value, status, unit }, index) => [
      String(index + 1),
      address,
      path,
      type,
      showValue(value, status, unit),
    ]),
    out,
  );
  out.write(`${offers.length} values. Take some with --pick ADDRESS,ADDRESS or --pick all.\n`);
}
