/** Writes what was chosen: one device into the settings file, its tags into a table beside it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { stringify } from "csv-stringify/sync";
import { isMap, isSeq, parseDocument, type Document } from "yaml";

export interface NewDevice {
  readonly id: string;
  readonly name: string | undefined;
  readonly protocol: string;
  readonly connection: Readonly<Record<string, unknown>>;
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/**
 * Comments and order of the settings file stay as the person wrote them. The table is written first: a settings file
 * never names a table that is not there.
 *
 * @returns the two files, or in words why nothing was written
 */
export function saveDevice(
  settingsFile: string,
  device: NewDevice,
): { readonly settings: string; readonly tags: string } | string {
  const document = existsSync(settingsFile)
    ? parseDocument(readFileSync(settingsFile, "utf8"))
    : newSettings();
  if (document.errors.length > 0) {
    return `${settingsFile} cannot be read: ${document.errors[0]?.message ?? ""}`;
  }
  if (!document.has("devices")) document.set("devices", document.createNode([]));
  const devices = document.get("devices");
  if (!isSeq(devices)) return `${settingsFile}: devices is not a list`;
  if (devices.items.some((each) => isMap(each) && each.get("id") === device.id)) {
    return `${settingsFile} has a device ${device.id} already; choose another --device`;
  }

  const table = `${device.id}.csv`;
  const tablePath = join(dirname(settingsFile), table);
  if (existsSync(tablePath))
    return `${tablePath} exists already; move it away or choose another --device`;
  devices.flow = false;
  devices.add(
    document.createNode({
      id: device.id,
      ...(device.name === undefined ? {} : { name: device.name }),
      protocol: device.protocol,
      connection: device.connection,
      tags: table,
    }),
  );
  const columns = [...new Set(device.rows.flatMap((row) => Object.keys(row)))];
  writeWhole(tablePath, stringify([...device.rows], { header: true, columns }));
  writeWhole(settingsFile, document.toString());
  return { settings: settingsFile, tags: tablePath };
}

/** A gateway that knows nobody yet: enough to start and to be edited. */
function newSettings(): Document {
  return parseDocument(
    [
      "# What this gateway is, where its samples go, and which machines it reads.",
      "gateway:",
      "  id: gateway-1",
      "  name: Gateway 1",
      "  site: ''",
      "journal:",
      "  folder: journal",
      "devices: []",
      "",
    ].join("\n"),
  );
}

/** A power cut in between leaves the old file or the new one, never half of one. */
function writeWhole(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  writeFileSync(temporary, text, { flush: true });
  renameSync(temporary, path);
}
