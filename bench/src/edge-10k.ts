import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { startGateway, startVirtualPlant, trustServer, type PlantFacts } from "./gateway.ts";
import { bytesWrittenByEnded, useOf } from "./processes.ts";

/** What a gateway of common size takes from its machine. */
export const bench: Bench = {
  name: "edge-10k",
  about:
    "10,000 tags at 1 Hz (5,000 over OPC UA, Basic256Sha256 signed and encrypted, 500 ms; 5,000 over Modbus TCP); supervisor and runtime, commits of 1 s, durable",
  async open(context) {
    const plant = await startVirtualPlant(context, [
      ...["--machines", "0", "--tags", "10000", "--rate", "1"],
      ...["--protocols", "opcua,modbus-tcp"],
    ]);
    const folder = join(context.folder, "gateway");
    trustServer(folder, "bulk-opcua", plant.facts.opcua?.pki ?? "");
    // The tags are written once in the life of a gateway; what is measured is the days after.
    const first = await startGateway(folder, { devices: devicesOf(plant.facts) });
    await first.firstDurable("bulk-opcua");
    await first.part.stop();
    return {
      measure: () => measure(context, folder, plant.facts),
      async [Symbol.asyncDispose]() {
        await plant.part.stop();
      },
    };
  },
};

const secondsPerDay = 86_400;

async function measure(context: BenchContext, folder: string, plant: PlantFacts): Promise<Figures> {
  const writtenBefore = bytesWrittenByEnded();
  const gateway = await startGateway(folder, { devices: devicesOf(plant) });
  await Promise.all(["bulk-opcua", "bulk-modbus"].map((id) => gateway.firstDurable(id)));
  await sleep(context.quick ? 2_000 : 10_000, undefined, { signal: context.signal });

  const fromMs = performance.now();
  const before = { use: useOf(gateway.part.pid), counters: await gateway.counters() };
  await sleep(context.quick ? 5_000 : 30_000, undefined, { signal: context.signal });
  const after = { use: useOf(gateway.part.pid), counters: await gateway.counters() };
  const seconds = (performance.now() - fromMs) / 1_000;

  await gateway.part.stop();
  const livedS = (performance.now() - gateway.spawnedMs) / 1_000;
  const journalBytes = after.counters.journal.bytesWritten - before.counters.journal.bytesWritten;
  const samples = after.counters.journal.received - before.counters.journal.received;
  return {
    pss_mb_all_processes: { value: after.use.pssMb, unit: "MB", peers: { rss: after.use.rssMb } },
    cpu_percent_of_core: {
      value: ((after.use.cpuS - before.use.cpuS) / seconds) * 100,
      unit: "%",
    },
    disk_gb_written_per_day: {
      value: ((bytesWrittenByEnded() - writtenBefore) / livedS / 1e9) * secondsPerDay,
      unit: "GB",
      peers: { log_by_own_count: (journalBytes / seconds / 1e9) * secondsPerDay },
      note: "by the operating system, from the start to the fold of the log into the file at the end",
    },
    unexplained_samples: { value: after.counters.unexplained, unit: "samples" },
    samples_per_s: { value: samples / seconds, unit: "samples/s", note: "into the journal" },
  };
}

function devicesOf({ opcua, modbusTcp, tables }: PlantFacts): readonly object[] {
  const { host, port } = modbusTcp ?? {};
  return [
    {
      id: "bulk-opcua",
      protocol: "opcua",
      connection: { url: opcua?.url },
      tags: tables["bulk-opcua"],
    },
    {
      id: "bulk-modbus",
      protocol: "modbus",
      connection: { framing: "tcp", host, port, unit: 1 },
      tags: tables["bulk-modbus"],
    },
  ];
}
