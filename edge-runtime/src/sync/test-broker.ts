/** For the tests of this folder: a real nats-server on a free port, with the settings that a test gives it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestContext } from "node:test";

export interface TestBroker {
  /** `nats://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** Its own, for files that belong to the test. Goes with it. */
  readonly folder: string;
  /** Clients that are connected now. */
  clients(): Promise<number>;
}

/** Two minutes on a machine that does nothing else. */
const turnsMax = 12_000;

/** @param settings in the language of nats-server, besides addresses and JetStream's folder */
export async function startBroker(context: TestContext, settings = ""): Promise<TestBroker> {
  const folder = mkdtempSync(join(tmpdir(), "broker-"));
  const file = join(folder, "nats-server.conf");
  const text = JSON.stringify;
  writeFileSync(
    file,
    `listen: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\nports_file_dir: ${text(folder)}
jetstream { store_dir: ${text(join(folder, "store"))} }\n${settings}\n`,
  );
  const child = spawn("nats-server", ["-c", file], { stdio: "ignore" });
  const ended = once(child, "exit");
  context.after(async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const { nats, monitoring } = await portsIn(folder);
  const port = Number(new URL(nats).port);
  return {
    ...{ url: `nats://127.0.0.1:${port}`, port, folder },
    async clients() {
      const answer = await fetch(`${monitoring}/connz`);
      const { num_connections: count } = (await answer.json()) as { num_connections: number };
      return count;
    },
  };
}

/** Waits until there is something. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let turn = 0; turn < turnsMax; turn++) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error(`it did not come in ${turnsMax} turns`);
}

interface Ports {
  readonly nats: string;
  readonly monitoring: string;
}

async function portsIn(folder: string): Promise<Ports> {
  return await until(() => {
    const name = readdirSync(folder).find((file) => file.endsWith(".ports"));
    if (name === undefined) return undefined;
    try {
      const { nats, monitoring } = JSON.parse(readFileSync(join(folder, name), "utf8")) as {
        readonly nats: readonly string[];
        readonly monitoring: readonly string[];
      };
      return { nats: nats[0] ?? "", monitoring: monitoring[0] ?? "" };
    } catch {
      // Being written.
      return undefined;
    }
  });
}
