import { spawn } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

import pg from "pg";

import { ChildFailed, FolderNotWritable } from "./child-faults.ts";
import { embeddedPostgresFolder } from "./embedded-postgres.ts";
import { findPrograms } from "./find-program.ts";
import { KeptChild, type ChildCommand, type KeptChildContext } from "./kept-child.ts";
import { clearRemains, isServerOf } from "./postgres-remains.ts";
import { systemUser } from "./process-table.ts";
import { keepCredentials } from "./secret-file.ts";

export interface PostgresOptions {
  /** Ours alone. Every folder above it must be open to the user who runs PostgreSQL. */
  readonly folder: string;
  readonly chosenPort: number | undefined;
  /** Folder of the programs, from the settings; absent: they are looked for. */
  readonly programs: string | undefined;
  readonly path: readonly string[];
  /** System user when started by root; absent: `postgres`, else `nobody`. */
  readonly user: string | undefined;
  /** So many at the same time; one more is refused. */
  readonly connectionsMax: number;
}

export interface PostgresChild {
  readonly child: KeptChild;
  url(): string;
}

type RunAs = Pick<ChildCommand, "user">;

/** PostgreSQL as a child: on loopback only, with a password made at the first start, and with every durable setting on. */
export function postgres(options: PostgresOptions, context: KeptChildContext): PostgresChild {
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const embedded = embeddedPostgresFolder();
  const programs = findPrograms(["initdb", "postgres"], {
    chosen: options.programs,
    path: options.path,
    usual: ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"],
    packaged: embedded === undefined ? [] : [join(embedded, "native", "bin")],
    debianPackage: "postgresql",
  });
  const runAs = runAsOf(options.user, folder);
  const credentials = keepCredentials(join(dirname(folder), "postgres.credentials"), "millwright");
  const cluster = join(folder, "cluster");
  const url = (port: number): string =>
    `postgres://${credentials.user}:${credentials.password}@127.0.0.1:${port}/postgres`;

  const child = new KeptChild(
    {
      name: "postgres",
      folder,
      pidFile: join(cluster, "postmaster.pid"),
      isOurs: (pid) => isServerOf(cluster, pid),
      chosenPort: options.chosenPort,
      // Fast shutdown: clients are cut, committed work is kept, nothing has to be recovered. Smart shutdown (SIGTERM)
      // would wait for clients. The immediate one is recovered from the log at the next start (server-shutdown.html).
      stopSignal: "SIGINT",
      insistSignal: "SIGQUIT",
      async prepare() {
        await makeCluster(programs, folder, cluster, credentials, runAs);
        await clearRemains(cluster, context);
      },
      fits: () => true,
      command: (port) => ({
        program: join(programs, "postgres"),
        args: ["-D", cluster, ...settingsOf(port, options.connectionsMax)],
        cwd: folder,
        environment: environmentOf(),
        ...runAs,
      }),
      ready: (port) => answers(url(port)),
    },
    context,
  );
  return { child, url: () => url(child.port) };
}

function settingsOf(port: number, connectionsMax: number): readonly string[] {
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    // The folder's path may be longer than the 107 bytes that a socket's name can have.
    unix_socket_directories: "",
    // What is acknowledged to a gateway is deleted there, so a commit has to be on the disk (reliability rule 1).
    fsync: "on",
    synchronous_commit: "on",
    full_page_writes: "on",
    // Frames arrive in large inserts and are rarely read again: a small cache is enough, a longer log saves writes.
    shared_buffers: "64MB",
    max_wal_size: "1GB",
    max_connections: connectionsMax,
    // One line for each trouble, so that the output stays small without rotation.
    log_min_messages: "warning",
    log_checkpoints: "off",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Made beside and then renamed: a cluster whose making was interrupted is never taken for one. */
async function makeCluster(
  programs: string,
  folder: string,
  cluster: string,
  credentials: { user: string; password: string },
  runAs: RunAs,
): Promise<void> {
  if (existsSync(join(cluster, "PG_VERSION"))) return;
  const part = `${cluster}.part`;
  const passwordFile = join(folder, "initdb.password");
  rmSync(part, { recursive: true, force: true });
  writeFileSync(passwordFile, `${credentials.password}\n`, { mode: 0o600 });
  if (runAs.user !== undefined) chownSync(passwordFile, runAs.user.uid, runAs.user.gid);
  try {
    const args = ["-D", part, "--username", credentials.user, "--pwfile", passwordFile];
    await run(join(programs, "initdb"), [...args, ...clusterChoices], folder, runAs);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(part, cluster);
}

const clusterChoices = [
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  // Ids are compared by bytes, the same way on every machine, whatever its locale is.
  "--locale=C",
  // A page that the disk has changed is noticed when it is read.
  "--data-checksums",
];

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  runAs: RunAs,
): Promise<void> {
  const child = spawn(program, args, {
    cwd,
    env: environmentOf(),
    stdio: ["ignore", "ignore", "pipe"],
    ...runAs.user,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [said, code] = await Promise.all([text(child.stderr), ended]);
  if (code !== 0) throw new ChildFailed(program, `failed: ${said.trim()}`, "the message above");
}

/** Nothing of the hub's own environment, which could hold PG* variables that move files or ports. */
function environmentOf(): Readonly<Record<string, string>> {
  return { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}

/** PostgreSQL refuses to run as root. */
function runAsOf(chosen: string | undefined, folder: string): RunAs {
  if (process.getuid?.() !== 0) return {};
  const names = chosen === undefined ? ["postgres", "nobody"] : [chosen];
  for (const name of names) {
    const user = systemUser(name);
    if (user === undefined) continue;
    for (let at = dirname(folder); at !== dirname(at); at = dirname(at)) {
      // The hub's own data folder is below this test's control: it is opened for passing through, not for reading.
      if (!mayPass(at, user)) {
        throw new FolderNotWritable(
          folder,
          `PostgreSQL runs as "${name}" and cannot pass ${at}: start the hub as another user than root, ` +
            `choose a data folder elsewhere, or "chmod o+x ${at}".`,
        );
      }
    }
    chownSync(folder, user.uid, user.gid);
    return { user };
  }
  throw new FolderNotWritable(
    folder,
    `PostgreSQL refuses to run as root and there is no user ${names.join(" or ")}: name one in the settings, database.user.`,
  );
}

function mayPass(folder: string, user: { uid: number; gid: number }): boolean {
  const { mode, uid, gid } = statSync(folder);
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
