/**
 * Adds a device by looking at it: what it offers, decoded live, then the settings file. Nothing is written without
 * `--save`, and nothing is saved that was not seen.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";

import { status, type DeviceId } from "@millwright/wire-contract";
import { parse } from "yaml";

import type { Driver, DriverContext, OfferedPoint } from "../../acquire/driver.ts";
import { drivers } from "../../acquire/registry.ts";
import { toTagSettings } from "../../settings/declared-tag.ts";
import { deviceFolder } from "../../settings/device-folder.ts";
import type { Command, CommandContext } from "../command.ts";
import { lookAt } from "./live-look.ts";
import { connectUsage, parseConnectOptions, type ConnectOptions } from "./options.ts";
import { showValue, toTagRow } from "./picked-tag.ts";
import { saveDevice } from "./save-device.ts";
import { printTable } from "./text-table.ts";

/** A device that has not spoken by then is shown as it is: silent. A publishing interval is seldom longer. */
const lookMsMax = 10_000;

export const connectCommand: Command = {
  name: "connect",
  usage: connectUsage,
  what: "Adds a device: shows what it offers, decodes live values, and with --save writes the settings.",
  async run(args, context) {
    const options = parseConnectOptions(args);
    if (typeof options === "string") {
      process.stderr.write(`${options}\nusage: millwright ${connectUsage}\n`);
      return 2;
    }
    const driver = drivers.find((each) => each.protocol === options.protocol);
    if (driver === undefined) {
      const known = drivers.map((each) => each.protocol).join(", ");
      process.stderr.write(`"${options.protocol}" is none of ${known}\n`);
      return 2;
    }
    const checked = driver.settings.safeParse(options.connection);
    if (!checked.success) {
      for (const issue of checked.error.issues) {
        process.stderr.write(`--set ${issue.path.join(".")}: ${issue.message}\n`);
      }
      return 2;
    }
    return await connect(driver, checked.data, options, context);
  },
};

async function connect(
  driver: Driver<unknown>,
  connection: unknown,
  options: ConnectOptions,
  command: CommandContext,
): Promise<number> {
  const context = toDriverContext(options, command);
  const { out } = command;
  if (options.probe !== undefined) {
    if (driver.probe === undefined) {
      process.stderr.write(`${driver.protocol} needs no probing; leave --probe out to browse\n`);
      return 2;
    }
    const decodings = await driver.probe(connection, options.probe, context, command.until);
    printTable(
      ["address", "order", "type", "value"],
      decodings.map((each) => [each.address, each.order, each.type, each.value]),
      out,
    );
    return 0;
  }
  const offers = await offersOf(driver, connection, options, context, command.until);
  if (options.pick.length === 0) {
    printTable(
      ["address", "path", "type", "value"],
      offers.map((offer) => [
        offer.address,
        offer.path,
        offer.type,
        showValue(offer.value, offer.status, offer.unit),
      ]),
      out,
    );
    out.write(`${offers.length} values. Take some with --pick ADDRESS,ADDRESS or --pick all.\n`);
    return 0;
  }
  return await take(driver, connection, offers, options, context, command);
}

/** What there is to choose from: by browsing, or, where a device cannot be asked, just what was named. */
async function offersOf(
  driver: Driver<unknown>,
  connection: unknown,
  options: ConnectOptions,
  context: DriverContext,
  signal: AbortSignal,
): Promise<readonly OfferedPoint[]> {
  const offers: OfferedPoint[] = [];
  if (driver.browse === undefined) {
    if (options.pick === "all") return offers;
    return options.pick.map((pick) => named(pick));
  }
  const wanted = options.find.toLowerCase();
  for await (const offer of driver.browse(connection, context, options.max, signal)) {
    const text = `${offer.path} ${offer.address}`.toLowerCase();
    if (text.includes(wanted)) offers.push(offer);
  }
  return offers;
}

/** `holding:100=float32` names an address and its type; 16 bits without a sign where no type is given. */
function named(pick: string): OfferedPoint {
  const [address = pick, type = "uint16"] = pick.split("=");
  return {
    address,
    path: address,
    name: address,
    type: type as OfferedPoint["type"],
    unit: "",
    value: undefined,
    status: status.badWaitingForInitialData,
    writable: false,
  };
}

async function take(
  driver: Driver<unknown>,
  connection: unknown,
  offers: readonly OfferedPoint[],
  options: ConnectOptions,
  context: DriverContext,
  command: CommandContext,
): Promise<number> {
  const { out, until: signal } = command;
  const { pick } = options;
  const chosen =
    pick === "all" || driver.browse === undefined
      ? offers
      : offers.filter((offer) => pick.includes(offer.address));
  if (pick !== "all" && chosen.length < pick.length) {
    const found = new Set(chosen.map((offer) => offer.address));
    const missing = pick.filter((address) => !found.has(address));
    process.stderr.write(`not offered by the device: ${missing.join(", ")}\n`);
    return 2;
  }
  const taken = new Set<string>();
  const rows = chosen.map((offer) => {
    const row = toTagRow(offer, options.device, options.everyMs, taken);
    taken.add(row["id"] ?? "");
    return row;
  });
  const tags = rows.map((cells, index) =>
    toTagSettings(
      { where: `tag ${index + 1}`, cells: withoutEmpty(cells) },
      options.device as DeviceId,
      options.name ?? options.device,
      options.everyMs,
    ),
  );
  const refused = tags.flatMap((tag) => {
    if (!("point" in tag)) return tag.map((problem) => `${problem.where}: ${problem.what}`);
    const reason = driver.checkPoint(connection, tag.point)?.reason;
    return reason === undefined ? [] : [`${tag.point.address}: ${reason}`];
  });
  if (refused.length > 0) {
    process.stderr.write(`${refused.join("\n")}\n`);
    return 2;
  }

  const points = tags.flatMap((tag) => ("point" in tag ? [tag.point] : []));
  const until = AbortSignal.any([signal, AbortSignal.timeout(lookMsMax)]);
  const looks = await lookAt(driver, connection, points, context, until);
  printTable(
    ["tag", "address", "type", "live value"],
    rows.map((row, index) => {
      const look = looks[index];
      const live =
        look === undefined
          ? "said nothing yet"
          : showValue(look.value, look.status, row["unit"] ?? "");
      return [row["id"] ?? "", row["address"] ?? "", row["type"] ?? "", live];
    }),
    out,
  );
  if (!options.save) {
    out.write("Nothing was written. Add --save when the values are right.\n");
    return 0;
  }
  const saved = saveDevice(options.settingsFile, {
    id: options.device,
    name: options.name,
    protocol: driver.protocol,
    connection: options.connection,
    rows,
  });
  if (typeof saved === "string") {
    process.stderr.write(`${saved}\n`);
    return 2;
  }
  out.write(`Wrote ${saved.tags} and ${saved.settings}.\n`);
  return 0;
}

function withoutEmpty(cells: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== ""));
}

function toDriverContext(
  options: ConnectOptions,
  { clock, random, log }: CommandContext,
): DriverContext {
  const stateFolder = stateFolderOf(options.settingsFile, options.device);
  mkdirSync(stateFolder, { recursive: true });
  return {
    device: options.device,
    clock,
    random,
    log,
    queueMax: 10_000,
    stateFolder,
    due: () => undefined,
    lost: () => undefined,
    proven: () => undefined,
    note: (text) => {
      if (text !== "") process.stderr.write(`note: ${text}\n`);
    },
    badge: (text) => {
      if (text !== "") process.stderr.write(`note: ${text}\n`);
    },
  };
}

/** Where the gateway will keep certificates and the like of this device: trust given here holds there. */
export function stateFolderOf(settingsFile: string, device: string): string {
  const folder = dirname(settingsFile);
  let journal = "journal";
  if (existsSync(settingsFile)) {
    const parsed: unknown = parse(readFileSync(settingsFile, "utf8"));
    const named = (parsed as { readonly journal?: { readonly folder?: unknown } } | null)?.journal
      ?.folder;
    if (typeof named === "string") journal = named;
  }
  return deviceFolder(isAbsolute(journal) ? journal : join(folder, journal), device);
}
