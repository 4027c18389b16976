/**
 * What a person does before a gateway meets an OPC UA server: gets the server's certificate from whoever looks after
 * the server, compares its thumbprint, and accepts it. Here it is read from the plant's own folder.
 */
import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { Fault } from "@millwright/kit";

import { programs } from "./programs.ts";

/** The gateway did not take the certificate. */
class NotTrusted extends Fault {
  override readonly name = "NotTrusted";
  readonly code = "launch.not-trusted";
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
  const file = join(server.pki, "own/certs/certificate.pem");
  const own = new X509Certificate(readFileSync(file)).fingerprint.replaceAll(":", "");
  const trusted = join(dirname(settingsFile), "journal/devices", device, "trust", `${own}.der`);
  if (existsSync(trusted)) return "";
  const said = await edge([
    ...["trust", device, own],
    ...["--certificate", file, "--settings", settingsFile],
  ]);
  if (!existsSync(trusted)) throw new NotTrusted(`the certificate of ${device}: ${said}`);
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
