import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { Fault } from "@millwright/kit";
import { LineCounter, parseDocument } from "yaml";
import * as z from "zod";

import { hubFile, type HubFile } from "./hub-file.ts";

/** The settings cannot be used. The message is the whole report, a line for each problem. */
export class SettingsFaulty extends Fault {
  override readonly name = "SettingsFaulty";
  readonly code = "settings.faulty";
  readonly retry = "never";
  readonly hint = "Mend what the report names and start the hub again.";
}

/** Settings that can be used as they are: paths are absolute, every default is filled in. */
export interface HubSettings extends HubFile {
  /** The file that they were read from. */
  readonly file: string;
}

/** Reads the file once, at the start. Throws `SettingsFaulty` with all problems together. */
export function loadSettings(path: string): HubSettings {
  const file = resolve(path);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new SettingsFaulty(`cannot read ${file}`, { cause });
  }
  return parseSettings(text, file);
}

/** @param file where the text came from: named in the report, and the place that paths start from */
export function parseSettings(text: string, file: string): HubSettings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems = document.errors.map((error) => {
    const at = lines.linePos(error.pos[0]);
    return `${file}:${at.line}:${at.col}: ${error.message}`;
  });
  if (problems.length > 0) throw new SettingsFaulty(problems.join("\n"));

  const parsed = hubFile.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    const report = parsed.error.issues.map((issue) => {
      const at = issue.path.length === 0 ? "the file" : issue.path.join(".");
      return `${file}: ${at}: ${issue.message}`;
    });
    throw new SettingsFaulty(report.join("\n"));
  }
  return { ...withAbsolutePaths(parsed.data, dirname(file)), file };
}

/** For editors: completes and checks `hub.yaml` while it is written. */
export function settingsJsonSchema(): unknown {
  return z.toJSONSchema(hubFile, { io: "input" });
}

function withAbsolutePaths(settings: HubFile, folder: string): HubFile {
  const at = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(folder, path);
  return {
    ...settings,
    dataFolder: resolve(folder, settings.dataFolder),
    broker: {
      ...settings.broker,
      credentialsFile: at(settings.broker.credentialsFile),
      systemCredentialsFile: at(settings.broker.systemCredentialsFile),
      program: at(settings.broker.program),
    },
    database: { ...settings.database, programs: at(settings.database.programs) },
    backup: settings.backup && {
      ...settings.backup,
      folder: resolve(folder, settings.backup.folder),
    },
    captures: { ...settings.captures, folder: at(settings.captures.folder) },
    history: {
      ...settings.history,
      lakeFolder: at(settings.history.lakeFolder),
      bucket: settings.history.bucket && {
        ...settings.history.bucket,
        credentialsFile: resolve(folder, settings.history.bucket.credentialsFile),
      },
    },
  };
}
