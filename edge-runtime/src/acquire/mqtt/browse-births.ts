/** What the edge nodes of a broker offer: their births, asked for where they are not heard by themselves. */
import type { SparkplugPayload } from "@millwright/sparkplug-b";

import type { DriverContext, OfferedPoint } from "../driver.ts";
import { openBrokerLink } from "./broker-link.ts";
import type { RebirthPacer } from "./rebirth-pacer.ts";
import type { SparkplugSettings } from "./settings.ts";
import { commandTopic, readSparkplugTopic } from "./sparkplug-address.ts";
import {
  loadSparkplugCodec,
  metricStatus,
  metricValue,
  textProperty,
  typeOfMetric,
} from "./sparkplug-payload.ts";

/** More nodes than one gateway would ever host; the rest of a larger plant is found with another gateway's browse. */
const nodesMax = 1_000;
const tickMs = 100;

export async function* browseBirths(
  settings: SparkplugSettings,
  context: DriverContext,
  max: number,
  signal: AbortSignal,
  pacer: RebirthPacer,
): AsyncGenerator<OfferedPoint, void> {
  const codec = await loadSparkplugCodec();
  const { clock, random } = context;
  const keyOf = (node: string): string => `${settings.url} ${node}`;
  const waiting: OfferedPoint[] = [];
  const nodes = new Map<string, { born: boolean }>();
  const offeredDevices = new Set<string>();
  const connection = { lost: false };
  const caps = { met: false };

  const link = await openBrokerLink(
    {
      settings,
      context,
      receiveMax: 100,
      temporary: true,
      onMessage(message, on) {
        if (message.messageId !== undefined) on.acknowledge(message.messageId);
        const topic = readSparkplugTopic(message.topic);
        if (topic === undefined) return;
        const node = nodes.get(topic.node) ?? { born: false };
        if (!nodes.has(topic.node) && nodes.size >= nodesMax) {
          caps.met = true;
          return;
        }
        nodes.set(topic.node, node);
        if (topic.kind === "NBIRTH") node.born = true;
        const device = `${topic.node}/${topic.device}`;
        if (!topic.kind.endsWith("BIRTH") || offeredDevices.has(device)) return;
        const payload = codec.decode(message.payload);
        if ("kind" in payload) return;
        offeredDevices.add(device);
        const offers = offersOf(device, payload);
        if (waiting.length + offers.length > max) caps.met = true;
        waiting.push(...offers.slice(0, Math.max(0, max - waiting.length)));
      },
      onLost() {
        connection.lost = true;
      },
    },
    signal,
  );
  try {
    await link.subscribe(["spBv1.0/#"]);
    const endMs = clock.monotonicMs() + settings.browseSeconds * 1_000;
    let offered = 0;
    while (!signal.aborted && !connection.lost && offered < max && clock.monotonicMs() < endMs) {
      for (const next of waiting.splice(0, max - offered)) {
        yield next;
        offered++;
      }
      const nowMs = clock.monotonicMs();
      const unborn = [...nodes].filter(([, node]) => !node.born).map(([name]) => name);
      for (const node of unborn) {
        pacer.want(keyOf(node), settings.rebirthEverySeconds * 1_000, nowMs, random);
      }
      const keys = new Map(unborn.map((node) => [keyOf(node), node]));
      for (const key of pacer.due(keys.keys(), nowMs)) {
        const request = codec.rebirthRequest(Math.floor(clock.nowUs() / 1_000));
        await link.publish(commandTopic(keys.get(key) ?? ""), request, 0, false);
      }
      await clock.sleep(tickMs, signal).catch(() => undefined);
    }
    if (caps.met) context.log.warn("acquire.browse-capped", { nodes: nodes.size, offered });
  } finally {
    link.close();
  }
}

function offersOf(device: string, payload: SparkplugPayload): OfferedPoint[] {
  return payload.metrics.flatMap((metric) => {
    const { name, datatype = 0 } = metric;
    const type = typeOfMetric(datatype);
    // Data sets, templates and arrays are not read, so they are not offered; bdSeq is the protocol's own.
    if (name === undefined || name === "bdSeq" || type === undefined) return [];
    return [
      {
        address: `${device}/${name}`,
        path: `${device}/${name}`.split("/").join(" / "),
        name: name.split("/").at(-1) ?? name,
        type,
        unit: textProperty(metric, "engUnit"),
        value: metric.isNull === true ? undefined : metricValue(metric, datatype),
        status: metricStatus(metric),
        writable: false,
      },
    ];
  });
}
