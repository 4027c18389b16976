/** Writes what was chosen: one device into the settings file, its tags into a table beside it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { stringify } from "csv-stringify/sync";
import { isMap, isSeq, parseDocument, type Document } from "yaml";

export interface NewDevice {
  readonly id: string;
  /** All that stands in the settings file under the id, but for the tags. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Rows of a table of its own; absent where a template brings the tags. */
  readonly rows?: readonly Readonly<Record<string, string>>[];
}

/**
 * Comments and order of the settings file stay as the person wrote them. The table is written first: a settings file
 * never names a table that is not there.
 *
 * @returns the files that were written, or in words why nothing was
 */
export function saveDevice(settingsFile: string, device: NewDevice): readonly string[] | string {
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
  const { rows } = device;
  const table = rows === undefined ? undefined : `${device.id}.csv`;
  const tablePath = join(dirname(settingsFile), table ?? "");
  if (table !== undefined && existsSync(tablePath)) {
    return `${tablePath} exists already; move it away or choose another --device`;
  }
  devices.flow = false;
  const tags = table === undefined ? {} : { tags: table };
  devices.add(document.createNode({ id: device.id, ...device.entry, ...tags }));
  if (rows !== undefined) {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    writeWhole(tablePath, stringify([...rows], { header: true, columns }));
  }
  // Lines stay as long as they were written.
  writeWhole(settingsFile, document.toString({ lineWidth: 0 }));
  return table === undefined ? [settingsFile] : [tablePath, settingsFile];
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
