/**
 * What a person does when a gateway meets an OPC UA server for the first time: compare the thumbprint that the gateway
 * was shown with the server's own, and accept it. Here the server's own is read from its certificate file.
 */
import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { Fault } from "@millwright/kit";

import { programs } from "./programs.ts";

/** The gateway was shown another certificate than the plant's: somebody stands between them, or a folder was mixed up. */
export class NotThePlant extends Fault {
  override readonly name = "NotThePlant";
  readonly code = "launch.not-the-plant";
  readonly retry = "never";
  readonly hint = "Delete the demo's folder and start again.";
}

/** @returns what was done, for the terminal; "" when the certificate was trusted already */
export async function trustPlant(
  settingsFile: string,
  device: string,
  server: { readonly url: string; readonly pki?: string },
): Promise<string> {
  if (server.pki === undefined) return "";
  const own = new X509Certificate(
    readFileSync(join(server.pki, "own/certs/certificate.pem")),
  ).fingerprint.replaceAll(":", "");
  const trusted = join(dirname(settingsFile), "journal/devices", device, "trust", `${own}.der`);
  if (existsSync(trusted)) return "";

  // Looking at the device shows its certificate; being refused is the expected answer.
  const shown = await edge([
    "connect",
    ...["--settings", settingsFile, "--device", device, "--protocol", "opcua"],
    ...["--set", `url=${server.url}`],
  ]);
  if (!shown.includes(own)) {
    throw new NotThePlant(
      `the plant has ${own}, and the gateway was shown something else: ${shown}`,
    );
  }
  await edge(["trust", device, own, "--settings", settingsFile]);
  return `Compared and accepted the certificate of ${device}: ${own.slice(0, 16)}…`;
}

/** Runs one of the gateway's own commands and gives back all it printed. */
function edge(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [programs.edge, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes: Buffer) => {
        text += bytes.toString("utf8");
      });
    }
    child.once("error", reject);
    child.once("close", () => {
      resolve(text);
    });
  });
}
