/** The outage as a nats-server leaf node bears it: a stream at the edge, and a stream at the hub that mirrors it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { freePort } from "@millwright/kit";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";

import { startBroker, stopBroker } from "../broker.ts";
import { messageOf, outageTags, outageTicks } from "../outage-data.ts";
import { useOf } from "../processes.ts";
import { arrivals, bytesIn, type OutageFigures } from "./outage.ts";

/** Published and not acknowledged: enough to hide the way. */
const windowMax = 512;
const name = "plant";

export async function outageOfNatsLeaf(
  folder: string,
  ticks: number,
  signal: AbortSignal,
): Promise<OutageFigures> {
  const [edgeFolder, hubFolder] = [join(folder, "edge"), join(folder, "hub")];
  for (const one of [edgeFolder, hubFolder]) mkdirSync(one, { recursive: true });
  const port = await freePort();
  const storeOf = (of: string): string => `store_dir: ${JSON.stringify(join(of, "store"))}`;
  const edgeConfig = join(folder, "edge.conf");
  writeFileSync(
    edgeConfig,
    `server_name: edge\njetstream { domain: edge, ${storeOf(edgeFolder)} }\n` +
      `leafnodes { reconnect: 1, remotes: [ { url: "nats-leaf://127.0.0.1:${port}" } ] }\n`,
  );
  const hubConfig = join(folder, "hub.conf");
  writeFileSync(
    hubConfig,
    `server_name: hub\njetstream { domain: hub, ${storeOf(hubFolder)} }\n` +
      `leafnodes { listen: "127.0.0.1:${port}" }\n`,
  );

  const edge = await startBroker(edgeFolder, edgeConfig);
  const manager = await jetstreamManager(edge.client);
  await manager.streams.add({ name, subjects: ["plant.>"] });
  const fromMs = performance.now();
  const stream = jetstream(edge.client);
  const unacknowledged = new Set<Promise<unknown>>();
  for (const tick of outageTicks(ticks)) {
    const published = stream.publish("plant.line-1", messageOf(tick)).finally(() => {
      unacknowledged.delete(published);
    });
    unacknowledged.add(published);
    if (unacknowledged.size >= windowMax) await Promise.race(unacknowledged);
  }
  await Promise.all(unacknowledged);
  const bufferMs = performance.now() - fromMs;
  const pssMb = useOf(edge.child.pid ?? 0).pssMb;
  const diskBytes = bytesIn(edgeFolder);
  await edge.client.close();
  edge.child.kill("SIGKILL");
  await edge.ended;

  const again = await startBroker(edgeFolder, edgeConfig);
  const hub = await startBroker(hubFolder, hubConfig);
  try {
    const joinedMs = performance.now();
    const hubManager = await jetstreamManager(hub.client);
    await hubManager.streams.add({ name, mirror: { name, domain: "edge" } });
    const count = async (): Promise<number> => (await hubManager.streams.info(name)).state.messages;
    const { lastMs, came } = await arrivals(ticks, count, signal);
    const lost = (ticks - came) * outageTags;
    return { bufferMs, drainMs: lastMs - joinedMs, diskBytes, pssMb, lost };
  } finally {
    await stopBroker(again);
    await stopBroker(hub);
  }
}
