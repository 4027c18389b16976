import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { connect, type NatsConnection } from "@nats-io/transport-node";

/** A nats-server with JetStream of a bench's own, on a free port of loopback, and a client of it. */
export interface Broker {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly url: string;
  readonly client: NatsConnection;
}

/**
 * @param folder of its own: where streams go, and where it says its port
 * @param config a file that says where streams go, when it says more than that
 */
export async function startBroker(folder: string, config?: string): Promise<Broker> {
  // One that was killed has left its own.
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".ports")) rmSync(join(folder, file));
  }
  const streams = config === undefined ? ["-js", "-sd", folder] : ["-c", config];
  const child = spawn(
    "nats-server",
    [...streams, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", folder],
    { stdio: "ignore" },
  );
  const ended = once(child, "exit");
  const url = await portOf(folder);
  return { child, ended, url, client: await connect({ servers: url }) };
}

export async function stopBroker({ client, child, ended }: Broker): Promise<void> {
  await client.close();
  child.kill("SIGTERM");
  await ended;
}

async function portOf(folder: string): Promise<string> {
  for (let turn = 0; turn < 1_000; turn++) {
    const name = readdirSync(folder).find((file) => file.endsWith(".ports"));
    const text = name === undefined ? "" : readFileSync(join(folder, name), "utf8");
    if (text.endsWith("}")) {
      const [url] = (JSON.parse(text) as { readonly nats: readonly string[] }).nats;
      if (url !== undefined) return url;
    }
    await sleep(10);
  }
  throw new Error("nats-server did not come within 10 s");
}
