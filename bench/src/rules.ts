import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Bench, BenchContext, Figure, Figures } from "./bench.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { makeRounds, plainRatePerCpuS, ratePerCpuS, ruleCount, tagCount } from "./rule-load.ts";
import { WrittenDevice } from "./written-device.ts";

/** From a value in a device to the write that a rule makes of it, and what rules cost. */
export const bench: Bench = {
  name: "rules",
  about:
    "1,000 rules over 2,000 tags that change with each poll (10 Hz, two Modbus TCP devices on loopback); 50 of them write, granted, with a record on its way to the disk, read back",
  async open(context) {
    const rest = Array.from({ length: tagCount - writers }, (_tag, at) => writers + at);
    const others = await WrittenDevice.open(tagCount, rest);
    const device = await WrittenDevice.open(2 * writers, []);
    const gateway = await startGateway(
      join(context.folder, "gateway"),
      settingsFor(device.port, others.port),
      100,
    );
    await Promise.all(["plc", "others"].map((id) => gateway.firstDurable(id)));
    const rounds = makeRounds(context.random, 16);
    ratePerCpuS(rounds, 10);
    // The first of each are compiled while they run.
    await inputToWrite(context, device, writers);
    return {
      measure: () => measure(context, device, rounds),
      async [Symbol.asyncDispose]() {
        await stop(gateway, [device, others]);
      },
    };
  },
};

/** Rules that write, each a tag of its own. */
const writers = 50;
/** Each writer is asked again after so many steps of so long: then it has cleared, and was read back. */
const stepMs = 40;
const high = 60_000;

async function stop(gateway: Gateway, devices: readonly WrittenDevice[]): Promise<void> {
  await gateway.part.stop();
  for (const device of devices) await device[Symbol.asyncDispose]();
}

async function measure(
  context: BenchContext,
  device: WrittenDevice,
  rounds: readonly Float64Array[],
): Promise<Figures> {
  const times = context.quick ? 10 : 60;
  const rate = ratePerCpuS(rounds, times);
  const plain = plainRatePerCpuS(rounds, times * 10);
  const latencies = await inputToWrite(context, device, context.quick ? 100 : 500);
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number): Figure => ({
    value: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN,
    unit: "ms",
  });
  return {
    input_to_write_p99_ms: {
      ...at(0.99),
      note: `of ${sorted.length}; from the answer that holds the value to the question that writes`,
    },
    input_to_write_p50_ms: at(0.5),
    evaluations_per_s: {
      value: rate,
      unit: "evaluations/s",
      limit: plain,
      note: "a second of one core; values taken in, scanned and timed; the limit is the same conditions as functions of the program",
    },
  };
}

/** Sets an input, waits for the write of its rule, and lets it go again; several under way at a time. */
async function inputToWrite(
  { signal }: BenchContext,
  device: WrittenDevice,
  count: number,
): Promise<readonly number[]> {
  const leftMs = new Map<number, number>();
  const latencies: number[] = [];
  device.onWrite = (register) => {
    const writer = register - writers;
    const left = leftMs.get(writer);
    if (left === undefined) return;
    leftMs.delete(writer);
    latencies.push(performance.now() - left);
    device.registers[writer] = 0;
    // What was written is seen once, and then is as before: the next time it is a change again.
    setTimeout(() => {
      device.registers[register] = 0;
    }, stepMs * 10).unref();
  };
  for (let step = 0; step < count; step++) {
    const writer = step % writers;
    device.set(writer, high + 1, () => leftMs.set(writer, performance.now()));
    await sleep(stepMs, undefined, { signal });
  }
  for (let waited = 0; latencies.length < count && waited < 250; waited++) {
    await sleep(stepMs, undefined, { signal });
  }
  if (latencies.length < count * 0.98) {
    throw new Error(`${latencies.length} of ${count} inputs came to a write`);
  }
  return latencies;
}

function settingsFor(port: number, othersPort: number): Parameters<typeof startGateway>[1] {
  const setpoint = (writer: number): string => `sp${writer}`;
  const tag = (at: number): object => ({
    ...{ id: `t${at}`, address: `holding:${at}`, type: "uint16", every_ms: 100 },
  });
  const device = (id: string, at: number, tags: readonly object[]): object => ({
    ...{ id, protocol: "modbus", tags },
    connection: { framing: "tcp", host: "127.0.0.1", port: at, unit: 1 },
  });
  const written = Array.from({ length: writers }, (_tag, at) => ({
    ...{ id: setpoint(at), address: `holding:${writers + at}`, type: "uint16", every_ms: 100 },
    kind: "setpoint",
  }));
  const own = Array.from({ length: writers }, (_tag, at) => tag(at));
  const rest = Array.from({ length: tagCount - writers }, (_tag, at) => tag(writers + at));
  const rules = Array.from({ length: ruleCount }, (_rule, at) => {
    const common = { id: `R-${at}`, version: "1", title: "Bench", trusting: "nobody else is here" };
    if (at < writers) {
      const then = [{ write: setpoint(at), value: 1 }];
      return { ...common, inputs: { a: `t${at}` }, when: `a > ${high}`, atMostEvery: "0 s", then };
    }
    const inputs = { a: `t${2 * at}`, b: `t${2 * at + 1}` };
    // Of what changes with each poll nothing passes 50,021: these are judged, and do nothing.
    const when = ["a > 55000 && b < 5", "a - b > 52000 || b > 59000", "b / 7 > 9000 && a > 0"];
    return { ...common, inputs, when: when[at % 3], then: [{ notify: "look" }] };
  });
  return {
    devices: [device("plc", port, [...own, ...written]), device("others", othersPort, rest)],
    rules,
    grants: Array.from({ length: writers }, (_grant, at) => ({
      ...{ tag: setpoint(at), origins: ["rule"], rule: `R-${at}`, low: 0, high: 10 },
    })),
  };
}
