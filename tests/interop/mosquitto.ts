/** Eclipse Mosquitto as a child of a test: free port, folder of its own, ended by its process id. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

import { freePort } from "@millwright/kit";

const run = promisify(execFile);

/** A program from PATH or the folders in which distributions keep daemons; absent when it is not installed. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  for (const folder of folders) {
    const path = join(folder, name);
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

/** "2.0.18", as the program says it of itself. */
export async function mosquittoVersion(program: string): Promise<string> {
  // It prints its help and ends with 3.
  const said = await run(program, ["-h"]).catch(
    (failure: unknown) => failure as { stdout?: string },
  );
  return /version (\S+)/.exec(said.stdout ?? "")?.[1] ?? "of unknown version";
}

export interface Mosquitto {
  readonly port: number;
  readonly folder: string;
  /** Ends it as a power cut would, or as a service is stopped, which saves its sessions. */
  stop(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  start(): Promise<void>;
  /** Stops and removes the folder. */
  remove(): Promise<void>;
}

/** @param prepare makes files in the folder before the start, and returns further lines of the configuration */
export async function startMosquitto(
  program: string,
  prepare: (folder: string) => Promise<readonly string[]> = () => Promise.resolve([]),
): Promise<Mosquitto> {
  const folder = await mkdtemp(join(tmpdir(), "mosquitto-"));
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  const more = await prepare(folder);
  const lines = [
    `listener ${port} 127.0.0.1`,
    "persistence true",
    `persistence_location ${folder}/`,
    // As root it would become a user of its own, who may not write here.
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    "max_queued_messages 0",
    ...more,
  ];
  if (!lines.some((line) => line.startsWith("password_file"))) lines.push("allow_anonymous true");
  await writeFile(file, `${lines.join("\n")}\n`);

  let child: ChildProcess | undefined;
  const mosquitto: Mosquitto = {
    port,
    folder,
    async start() {
      child = spawn(program, ["-c", file], { stdio: "ignore" });
      const endMs = performance.now() + 60_000;
      while (!(await answers(port))) {
        if (child.exitCode !== null || performance.now() > endMs)
          throw new Error("mosquitto did not start");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async stop(signal) {
      const ending = child;
      child = undefined;
      if (ending?.exitCode !== null) return;
      const exited = once(ending, "exit");
      ending.kill(signal);
      await exited;
    },
    async remove() {
      await mosquitto.stop("SIGKILL");
      await rm(folder, { recursive: true });
    },
  };
  await mosquitto.start();
  return mosquitto;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Makes a certificate for 127.0.0.1, signed by itself. @returns lines of the configuration with which Mosquitto encrypts */
export async function encrypted(openssl: string, folder: string): Promise<readonly string[]> {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  await run(openssl, [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate],
    ...["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
  ]);
  return [`certfile ${certificate}`, `keyfile ${key}`];
}

/**
 * Makes an authority of clients, and a certificate of it with its key: `client.pem` and `client-key.pem` in the folder.
 *
 * @returns lines of the configuration with which Mosquitto lets those in whom the authority signed, and nobody else
 */
export async function asksCertificate(openssl: string, folder: string): Promise<readonly string[]> {
  const file = (name: string): string => join(folder, name);
  const [authority, authorityKey] = [file("clients.pem"), file("clients-key.pem")];
  await run(openssl, [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", authorityKey],
    ...["-out", authority, "-days", "2", "-subj", "/CN=the plant's gateways"],
  ]);
  const request = file("client-request.pem");
  await run(openssl, [
    ...["req", "-newkey", "rsa:2048", "-nodes", "-keyout", file("client-key.pem")],
    ...["-out", request, "-subj", "/CN=gw"],
  ]);
  await run(openssl, [
    ...["x509", "-req", "-in", request, "-CA", authority, "-CAkey", authorityKey],
    ...["-CAcreateserial", "-out", file("client.pem"), "-days", "2"],
  ]);
  return [`cafile ${authority}`, "require_certificate true", "use_identity_as_username true"];
}

/** @returns lines of the configuration with which Mosquitto lets this user in and nobody else */
export async function asksPassword(
  passwd: string,
  folder: string,
  user: string,
  password: string,
): Promise<readonly string[]> {
  await run(passwd, ["-c", "-b", join(folder, "users"), user, password]);
  return [`password_file ${join(folder, "users")}`];
}
