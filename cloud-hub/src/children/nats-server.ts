import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

import { findPrograms } from "./find-program.ts";
import { KeptChild, type KeptChildContext } from "./kept-child.ts";
import { argumentsOf, worksIn } from "./process-table.ts";
import { keepCredentials, type Credentials } from "./secret-file.ts";

export interface NatsServerOptions {
  /** Ours alone. */
  readonly folder: string;
  readonly chosenPort: number | undefined;
  /** From the settings; absent: it is looked for. */
  readonly program: string | undefined;
  readonly path: readonly string[];
  /** Room for all streams together, bytes. */
  readonly storeBytesMax: number;
  /** Where the credentials for gateways are kept; a gateway's settings name this file. */
  readonly gatewayCredentialsFile: string;
}

export interface NatsServerChild {
  readonly child: KeptChild;
  readonly credentials: Credentials;
  /** Of its system account, which says what became of connections. */
  readonly systemCredentials: Credentials;
  url(): string;
}

/** A frame is at most a few hundred KiB; 8 MB leaves room for captures and bounds what one message costs in memory. */
const payloadBytesMax = 8 * 2 ** 20;

/**
 * A gateway sends a beat each second. One that is cut off is given up half a minute after it was sent something last, which is
 * half a minute after its last beat, as marks go on for so long.
 */
const pingS = 10;
const pingsOpenMax = 2;

/** The broker as a child. Listens on loopback only; nobody gets in without a password that was made at the first start. */
export function natsServer(options: NatsServerOptions, context: KeptChildContext): NatsServerChild {
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const program =
    options.program ??
    join(
      findPrograms(["nats-server"], {
        path: options.path,
        usual: ["/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"],
        packaged: [],
        debianPackage: "nats-server",
      }),
      "nats-server",
    );
  const hub = keepCredentials(join(folder, "hub.credentials"), "hub");
  const system = keepCredentials(join(folder, "system.credentials"), "system");
  const gateway = keepCredentials(options.gatewayCredentialsFile, "gateway");
  const configFile = join(folder, "nats-server.conf");
  const pidFile = join(folder, "nats-server.pid");
  const config = (port: number): string =>
    configOf({ port, folder, pidFile, hub, system, gateway, storeBytesMax: options.storeBytesMax });

  const child = new KeptChild(
    {
      name: "nats-server",
      folder,
      pidFile,
      isOurs: (pid) => argumentsOf(pid).includes(configFile) && worksIn(pid, folder) !== false,
      chosenPort: options.chosenPort,
      stopSignal: "SIGTERM",
      insistSignal: "SIGKILL",
      prepare(port) {
        writeFileSync(configFile, config(port), { mode: 0o600 });
        return Promise.resolve();
      },
      // Other limits or passwords than those it runs with: it has to be started anew.
      fits: (port) => textOf(configFile) === config(port),
      command: () => ({
        program,
        args: ["-c", configFile],
        cwd: folder,
        environment: { PATH: "/usr/bin:/bin" },
      }),
      ready: greets,
    },
    context,
  );
  return {
    child,
    credentials: hub,
    systemCredentials: system,
    url: () => `nats://127.0.0.1:${child.port}`,
  };
}

/**
 * A stream is synced to disk every two minutes and server 2.9 has no setting for it (`sync_interval` came with 2.10), so
 * a power cut takes whole streams. That is allowed: nothing in the broker is relied on, marks stand still and gateways
 * send again (no-loss protocol 10).
 */
function configOf(of: {
  port: number;
  folder: string;
  pidFile: string;
  hub: Credentials;
  system: Credentials;
  gateway: Credentials;
  storeBytesMax: number;
}): string {
  const text = JSON.stringify;
  return `# Written by the hub at each start.
host: "127.0.0.1"
port: ${of.port}
server_name: "millwright"
pid_file: ${text(of.pidFile)}
max_payload: ${payloadBytesMax}
# Who says nothing for three times so long is asked in between and given up, as gateways do it from their side.
ping_interval: "${pingS}s"
ping_max: ${pingsOpenMax}
accounts { $SYS { users: [{ user: ${text(of.system.user)}, password: ${text(of.system.password)} }] } }
jetstream {
  store_dir: ${text(join(of.folder, "jetstream"))}
  max_memory_store: 0
  max_file_store: ${of.storeBytesMax}
}
authorization {
  users: [
    { user: ${text(of.hub.user)}, password: ${text(of.hub.password)} }
    # Gateways say frames, hellos, beats and reports, and hear marks, orders and replies; streams are the hub's to manage.
    { user: ${text(of.gateway.user)}, password: ${text(of.gateway.password)}, permissions: {
      publish: ["mw1.frame.>", "mw1.hello.*", "mw1.beat.*", "mw1.report.*"]
      subscribe: ["mw1.mark.*", "mw1.orders.*", "_INBOX.>"]
    } }
  ]
}
`;
}

/** A NATS server speaks first, with a line that begins with INFO. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => {
      end(false);
    });
    socket.once("data", (bytes) => {
      end(bytes.toString("latin1").startsWith("INFO "));
    });
    socket.once("error", () => {
      end(false);
    });
    socket.once("close", () => {
      end(false);
    });
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
