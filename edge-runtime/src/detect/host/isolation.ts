/**
 * What keeps the detect host in: models come from outside, and their native library is large. Each wall that cannot be
 * built on this machine is named, so that the page of the gateway can say it; the host runs all the same, because values
 * that are watched behind a lower wall are better than values that nobody watches.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

export interface Isolation {
  /** The host has network, user and message spaces of its own, with nothing in them. */
  readonly network: boolean;
  /** Memory and file sizes are limited by the kernel. */
  readonly limits: boolean;
  /** For a person. */
  readonly words: string;
}

export interface HostCommand {
  readonly command: string;
  readonly args: readonly string[];
}

const shell = "/bin/sh";
const unshares = ["/usr/bin/unshare", "/bin/unshare"];
const spaces = ["--user", "--net", "--ipc"];

/** Tries it once, by making such spaces for a program that does nothing: kernels, containers and policies all may refuse. */
export function findIsolation(): Isolation {
  const limits = process.platform === "linux" && existsSync(shell);
  const unshare = unshareProgram();
  const refused =
    unshare === undefined
      ? "the program unshare is not installed"
      : firstLine(spawnSync(unshare, [...spaces, "--", "/bin/true"], { env: {}, timeout: 5_000 }));
  const network = refused === undefined;
  const walls = [
    network ? "no network" : `network not closed (${refused})`,
    limits ? "memory and files limited by the kernel" : "memory watched only",
    "no writing, no settings, no secrets",
  ];
  return { network, limits, words: walls.join("; ") };
}

/**
 * @param node the program, with `file` as what it runs
 * @param dataBytesMax what it may ask of the kernel in all
 */
export function hostCommand(
  isolation: Isolation,
  node: string,
  file: string,
  dataBytesMax: number,
): HostCommand {
  const plain = [node, ...nodeFlags, file];
  const limited = isolation.limits
    ? [shell, "-c", limitScript(dataBytesMax), "detect-host", ...plain]
    : plain;
  const unshare = isolation.network ? unshareProgram() : undefined;
  const [command = node, ...args] =
    unshare === undefined ? limited : [unshare, ...spaces, "--", ...limited];
  return { command, args };
}

/**
 * Windows and scores pass through the heap, models and weights lie outside of it. Node's permissions leave reading (of its
 * own program) and the native library, and take writing, children and threads.
 */
const nodeFlags = [
  "--max-old-space-size=64",
  "--max-semi-space-size=1",
  "--permission",
  "--allow-addons",
  "--allow-fs-read=*",
  // Node warns once that native libraries are not held by its permissions. That is what the other walls are for.
  "--disable-warning=SecurityWarning",
];

/** Files that are written end at their first byte, memory at the limit; no core files, which would hold plant data. */
function limitScript(dataBytesMax: number): string {
  const kibibytes = Math.ceil(dataBytesMax / 2 ** 10);
  return `ulimit -c 0; ulimit -f 0; ulimit -d ${kibibytes}; exec "$@"`;
}

function unshareProgram(): string | undefined {
  return process.platform === "linux" ? unshares.find((path) => existsSync(path)) : undefined;
}

/** Undefined when it went well. */
function firstLine(result: ReturnType<typeof spawnSync>): string | undefined {
  if (result.status === 0) return undefined;
  const said = String(result.stderr).trim().split("\n")[0] ?? "";
  return said === "" ? "the kernel does not let it be made" : said.replace(/^unshare: /, "");
}
