import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { startGateway, startVirtualPlant, trustServer, type PlantFacts } from "./gateway.ts";
import { bytesWrittenByEnded, useOf, type ProcessUse } from "./processes.ts";

/** What a gateway of common size takes from its machine. */
export const bench: Bench = {
  name: "edge-10k",
  about:
    "10,000 tags at 1 Hz (5,000 over OPC UA, Basic256Sha256 signed and encrypted, 500 ms; 5,000 over Modbus TCP); supervisor and runtime, commits of 1 s, durable; nobody has opened the page",
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
    const short = await shortLife(context, folder, plant.facts);
    return {
      measure: () => measure(context, folder, plant.facts, short),
      async [Symbol.asyncDispose]() {
        await plant.part.stop();
      },
    };
  },
};

/** What a run wrote from its start to the fold of the log into the file at its end. */
interface Life {
  readonly bytes: number;
  readonly seconds: number;
}

/** A start and an end write what no day has a thousand of. Two lives of unlike length say what the time between takes. */
async function shortLife(context: BenchContext, folder: string, plant: PlantFacts): Promise<Life> {
  const before = bytesWrittenByEnded();
  const gateway = await startGateway(folder, { devices: devicesOf(plant) });
  await Promise.all(["bulk-opcua", "bulk-modbus"].map((id) => gateway.firstDurable(id)));
  await sleep(2_000, undefined, { signal: context.signal });
  await gateway.part.stop();
  return {
    bytes: bytesWrittenByEnded() - before,
    seconds: (performance.now() - gateway.spawnedMs) / 1_000,
  };
}

/** What the gateway took in a stretch of time. */
interface Window {
  /** At the end of it. */
  readonly use: ProcessUse;
  readonly seconds: number;
  readonly cpuPercent: number;
}

const secondsPerDay = 86_400;

async function measure(
  context: BenchContext,
  folder: string,
  plant: PlantFacts,
  short: Life,
): Promise<Figures> {
  const writtenBefore = bytesWrittenByEnded();
  const gateway = await startGateway(folder, { devices: devicesOf(plant) });
  await Promise.all(["bulk-opcua", "bulk-modbus"].map((id) => gateway.firstDurable(id)));
  await sleep(context.quick ? 2_000 : 10_000, undefined, { signal: context.signal });

  const window = async (): Promise<Window> => {
    const fromMs = performance.now();
    const from = useOf(gateway.part.pid);
    await sleep(context.quick ? 5_000 : 20_000, undefined, { signal: context.signal });
    const use = useOf(gateway.part.pid);
    const seconds = (performance.now() - fromMs) / 1_000;
    return { use, seconds, cpuPercent: ((use.cpuS - from.cpuS) / seconds) * 100 };
  };
  // Nobody looks, which is how a gateway spends its days. Asking for the counters loads what serves the page.
  const alone = await window();
  const before = await gateway.counters();
  const asked = await window();
  const after = await gateway.counters();

  await gateway.part.stop();
  const livedS = (performance.now() - gateway.spawnedMs) / 1_000;
  const bytesPerS =
    (bytesWrittenByEnded() - writtenBefore - short.bytes) / (livedS - short.seconds);
  const journalBytes = after.journal.bytesWritten - before.journal.bytesWritten;
  const samples = after.journal.received - before.journal.received;
  return {
    pss_mb_all_processes: {
      value: alone.use.pssMb,
      unit: "MB",
      peers: { rss: alone.use.rssMb, once_the_page_was_asked_for: asked.use.pssMb },
    },
    cpu_percent_of_core: {
      value: alone.cpuPercent,
      unit: "%",
      peers: { once_the_page_was_asked_for: asked.cpuPercent },
    },
    disk_gb_written_per_day: {
      value: (bytesPerS / 1e9) * secondsPerDay,
      unit: "GB",
      peers: { log_by_own_count: (journalBytes / asked.seconds / 1e9) * secondsPerDay },
      note: "by the operating system, log and its fold into the file, less a start and an end; without a hub all is told for a later one, and chunks add 0.9 B a sample twice",
    },
    unexplained_samples: { value: after.unexplained, unit: "samples" },
    samples_per_s: { value: samples / asked.seconds, unit: "samples/s", note: "into the journal" },
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
