/** What a Sparkplug host makes of the messages of its nodes: readings, states, losses, requests for births. */
import type { SparkplugMetric, SparkplugPayload } from "@millwright/sparkplug-b";
import { status, type Scalar } from "@millwright/wire-contract";

import type { DriverContext, PointSettings } from "../driver.ts";
import type { AckWindow } from "./ack-window.ts";
import type { BrokerMessage } from "./broker-link.ts";
import type { Inbox, InboxReading } from "./inbox.ts";
import type { Notes } from "./notes.ts";
import {
  filterOf,
  parseSparkplugAddress,
  readSparkplugTopic,
  type SparkplugTopic,
} from "./sparkplug-address.ts";
import {
  advanceNode,
  unbornNode,
  type NodeAction,
  type NodeEvent,
  type NodeState,
} from "./sparkplug-node.ts";
import { metricStatus, metricValue, type SparkplugCodec } from "./sparkplug-payload.ts";

interface NodeMessage {
  readonly topic: SparkplugTopic;
  readonly payload: SparkplugPayload;
  readonly receivedUs: number;
  readonly ordinal: number | undefined;
}

/** What a metric of the present birth is called, and its data type. */
interface BornMetric {
  readonly name: string;
  readonly datatype: number;
}

/** What the present birth of a device told, and no earlier one (field practice 49). */
interface Birth {
  /** All metrics, also those that nobody reads: an alias that is none of these is not known. */
  readonly aliases: ReadonlyMap<bigint, BornMetric>;
  /** Of the metrics that are read, by name, for data that name themselves. */
  readonly datatypes: ReadonlyMap<string, number>;
}

/** A device of which points are read; of others nothing is kept, however many a node has. */
interface HostedDevice {
  /** By metric. */
  readonly points: Map<string, number[]>;
  /** Absent while it is not alive. */
  birth?: Birth | undefined;
}

interface HostedNode {
  state: NodeState<NodeMessage>;
  /** By name, "-" for the node itself. */
  readonly devices: Map<string, HostedDevice>;
  /** When the last message was received that was used and has a number, µs. */
  heardUs: number;
}

export interface HostOptions {
  readonly points: readonly PointSettings[];
  readonly context: DriverContext;
  readonly codec: SparkplugCodec;
  readonly reorderWaitMs: number;
  readonly notes: Notes;
  /** Asks a node (`group/node`) for its births, soon. */
  readonly ask: (node: string) => void;
  /** The births of a node came: it need not be asked. */
  readonly born: (node: string) => void;
}

export class SparkplugHost {
  readonly #options: HostOptions;
  readonly #nodes = new Map<string, HostedNode>();
  #acks: AckWindow | undefined;
  #inbox: Inbox | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    options.points.forEach(({ address }, at) => {
      const parsed = parseSparkplugAddress(address);
      if ("kind" in parsed) return;
      const name = `${parsed.group}/${parsed.node}`;
      const node: HostedNode = this.#nodes.get(name) ?? {
        state: unbornNode(),
        devices: new Map(),
        heardUs: NaN,
      };
      this.#nodes.set(name, node);
      const device: HostedDevice = node.devices.get(parsed.device) ?? { points: new Map() };
      node.devices.set(parsed.device, device);
      const points = device.points.get(parsed.metric);
      if (points === undefined) device.points.set(parsed.metric, [at]);
      else points.push(at);
    });
  }

  get nodes(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** Where readings go; given once the connection stands. */
  begin(acks: AckWindow, inbox: Inbox): void {
    this.#acks = acks;
    this.#inbox = inbox;
  }

  /** Points of nodes and devices that live: their values hold although none came (field practice 13). */
  livingPoints(): number[] {
    return [...this.#nodes.values()].flatMap(({ devices }) =>
      [...devices.values()].flatMap((device) => (device.birth === undefined ? [] : allOf(device))),
    );
  }

  /** Data type of a metric in its running birth; undefined when it, its device or its node is not born. */
  bornType(address: string): number | undefined {
    const parsed = parseSparkplugAddress(address);
    if ("kind" in parsed) return undefined;
    const device = this.#nodes.get(`${parsed.group}/${parsed.node}`)?.devices.get(parsed.device);
    return device?.birth?.datatypes.get(parsed.metric);
  }

  /** @param forget takes back what the broker still sends of a node that earlier settings had */
  receive(message: BrokerMessage, forget: (filter: string) => void): void {
    const { context, codec, notes } = this.#options;
    const receivedUs = context.clock.nowUs();
    const ordinal =
      message.messageId === undefined ? undefined : this.#acks?.hold(message.messageId);
    const topic = readSparkplugTopic(message.topic);
    const node = topic === undefined ? undefined : this.#nodes.get(topic.node);
    const payload =
      topic === undefined || node === undefined ? undefined : codec.decode(message.payload);
    if (topic === undefined || node === undefined || payload === undefined) {
      if (topic !== undefined) forget(filterOf(topic.node));
      this.#finish(ordinal);
      return;
    }
    if ("kind" in payload) {
      notes.add(
        `payload ${message.topic}`,
        `a message on ${message.topic} could not be used: ${payload.reason}`,
      );
      context.lost(-1, NaN, "rejected", receivedUs, receivedUs);
      this.#finish(ordinal);
      return;
    }
    const event = toEvent({ topic, payload, receivedUs, ordinal });
    if (event.kind === "death") this.#finish(ordinal);
    this.#advance(topic.node, node, event);
  }

  /** Lets time pass: gaps that waited long enough are given up, unborn nodes are asked. */
  tick(): void {
    for (const [name, node] of this.#nodes) {
      this.#advance(name, node, { kind: "tick" });
      if (node.state.phase === "unborn") this.#options.ask(name);
    }
  }

  /** The connection is gone: what waits behind a gap is handed on, and what never came is charged. */
  over(): void {
    for (const [name, node] of this.#nodes) this.#advance(name, node, { kind: "over" });
  }

  #advance(name: string, node: HostedNode, event: NodeEvent<NodeMessage>): void {
    const { clock } = this.#options.context;
    const step = advanceNode(node.state, event, clock.monotonicMs(), this.#options.reorderWaitMs);
    node.state = step.state;
    for (const action of step.actions) this.#act(name, node, action);
  }

  #act(name: string, node: HostedNode, action: NodeAction<NodeMessage>): void {
    const { context, notes } = this.#options;
    switch (action.kind) {
      case "deliver":
        node.heardUs = action.message.receivedUs;
        this.#deliver(name, node, action.message);
        return;
      case "uncounted":
        notes.add(
          `uncounted ${name}`,
          `${name} does not number its messages: what is lost on the way cannot be counted`,
        );
        this.#deliver(name, node, action.message);
        return;
      case "orphan":
        this.#deliverData(name, node.devices.get(action.message.topic.device), action.message);
        return;
      case "duplicate":
        this.#finish(action.message.ordinal);
        return;
      case "missing": {
        const nowUs = context.clock.nowUs();
        const count = Number.isNaN(action.messages) ? "some" : String(action.messages);
        notes.add(`missing ${name}`, `${count} messages of ${name} were lost on the way`);
        // A message holds any number of samples, so how many are missing nobody knows. They came after the one before the gap.
        context.lost(-1, NaN, "link lost", Math.min(node.heardUs, nowUs), nowUs);
        return;
      }
      case "ask":
        context.log.info("acquire.rebirth-wanted", {
          device: context.device,
          node: name,
          why: action.why,
        });
        this.#options.ask(name);
        return;
      case "died":
        for (const device of node.devices.values()) device.birth = undefined;
        this.#stale([...node.devices.values()]);
        return;
    }
  }

  #deliver(name: string, node: HostedNode, message: NodeMessage): void {
    const { kind } = message.topic;
    const device = node.devices.get(message.topic.device);
    switch (kind) {
      case "NBIRTH":
        this.#options.born(name);
        this.#options.notes.remove(`missing ${name}`);
        for (const other of node.devices.values()) other.birth = undefined;
        this.#deliverBirth(device, message);
        return;
      case "DBIRTH":
        this.#deliverBirth(device, message);
        return;
      case "NDATA":
      case "DDATA":
        this.#deliverData(name, device, message);
        return;
      case "DDEATH":
        if (device !== undefined) {
          device.birth = undefined;
          this.#stale([device]);
        }
        this.#finish(message.ordinal);
        return;
      case "NDEATH":
        this.#finish(message.ordinal);
        return;
    }
  }

  #deliverBirth(device: HostedDevice | undefined, message: NodeMessage): void {
    if (device === undefined) {
      this.#finish(message.ordinal);
      return;
    }
    const aliases = new Map<bigint, BornMetric>();
    const datatypes = new Map<string, number>();
    const named = new Set<number>();
    const readings: InboxReading[] = [];
    for (const metric of message.payload.metrics) {
      if (metric.name === undefined) continue;
      const born = { name: metric.name, datatype: metric.datatype ?? 0 };
      if (metric.alias !== undefined) aliases.set(metric.alias, born);
      const points = device.points.get(born.name);
      if (points === undefined) continue;
      datatypes.set(born.name, born.datatype);
      for (const at of points) {
        named.add(at);
        readings.push(this.#toReading(at, metric, born, message));
      }
    }
    device.birth = { aliases, datatypes };
    for (const at of allOf(device)) {
      if (named.has(at)) continue;
      readings.push({ point: at, measuredUs: NaN, value: NaN, status: status.badNodeIdUnknown });
    }
    this.#inbox?.offer(inboxMessage(message, readings, false));
  }

  #deliverData(name: string, device: HostedDevice | undefined, message: NodeMessage): void {
    if (device === undefined) {
      this.#finish(message.ordinal);
      return;
    }
    const { context } = this.#options;
    const live: InboxReading[] = [];
    const late: InboxReading[] = [];
    let unknown = false;
    for (const metric of message.payload.metrics) {
      const born = nameOf(device, metric);
      if (born === undefined) {
        unknown = true;
        continue;
      }
      for (const at of device.points.get(born.name) ?? []) {
        (metric.historical === true ? late : live).push(this.#toReading(at, metric, born, message));
      }
    }
    if (unknown) {
      // Nobody can say whether they were ours to read.
      context.lost(-1, NaN, "rejected", message.receivedUs, message.receivedUs);
      this.#options.ask(name);
    }
    // The acknowledgement waits for the later of the two.
    if (late.length > 0) {
      const first = live.length > 0 ? { ...message, ordinal: undefined } : message;
      this.#inbox?.offer(inboxMessage(first, late, true));
    }
    if (live.length > 0 || late.length === 0)
      this.#inbox?.offer(inboxMessage(message, live, false));
  }

  #toReading(
    at: number,
    metric: SparkplugMetric,
    born: BornMetric,
    message: NodeMessage,
  ): InboxReading {
    const timestampMs = metric.timestampMs ?? message.payload.timestampMs;
    const measuredUs = timestampMs === undefined ? NaN : timestampMs * 1_000;
    const code = metricStatus(metric);
    if (metric.isNull === true) return { point: at, measuredUs, value: NaN, status: code };
    const value: Scalar | undefined = metricValue(metric, born.datatype);
    if (value === undefined) {
      this.#options.notes.add(
        `unsupported ${born.name}`,
        `${born.name} is a data set, a template or an array, which are not read, or its value is not of its data type`,
      );
      return { point: at, measuredUs, value: NaN, status: status.badNotSupported };
    }
    return { point: at, measuredUs, value, status: code };
  }

  /** One bad sample for each point, at the receipt of the death (field practice 49). */
  #stale(devices: readonly HostedDevice[]): void {
    const readings = devices.flatMap(allOf).map((point) => ({
      point,
      measuredUs: NaN,
      value: NaN,
      status: status.badNoCommunication,
    }));
    this.#inbox?.offer({ readings, receivedUs: this.#options.context.clock.nowUs(), late: false });
  }

  #finish(ordinal: number | undefined): void {
    if (ordinal !== undefined) this.#acks?.finish(ordinal);
  }
}

function allOf({ points }: HostedDevice): number[] {
  return [...points.values()].flat();
}

/**
 * By name when it has one, because aliases belong to the present birth only; otherwise by alias. Undefined where nobody can
 * say what it is, so that it may be one that is read.
 */
function nameOf(device: HostedDevice, metric: SparkplugMetric): BornMetric | undefined {
  const { name = "", alias, datatype: own = 0 } = metric;
  if (name !== "") {
    const datatype = own || (device.birth?.datatypes.get(name) ?? 0);
    return datatype === 0 && device.points.has(name) ? undefined : { name, datatype };
  }
  const born = alias === undefined ? undefined : device.birth?.aliases.get(alias);
  return born === undefined || own === 0 ? born : { ...born, datatype: own };
}

function toEvent(message: NodeMessage): NodeEvent<NodeMessage> {
  const { topic, payload } = message;
  switch (topic.kind) {
    case "NBIRTH":
      return { kind: "birth", seq: seqOf(payload) ?? 0, bdSeq: bdSeqOf(payload), message };
    case "NDEATH":
      return { kind: "death", bdSeq: bdSeqOf(payload) };
    case "NDATA":
    case "DBIRTH":
    case "DDEATH":
    case "DDATA":
      return { kind: "data", seq: seqOf(payload), message };
  }
}

/** Modulo 256, because some nodes count on (Sparkplug 3.0, 6.4.5, asks them to begin again after 255). */
function seqOf({ seq }: SparkplugPayload): number | undefined {
  return seq === undefined ? undefined : seq % 256;
}

function bdSeqOf(payload: SparkplugPayload): number | undefined {
  const metric = payload.metrics.find(({ name }) => name === "bdSeq");
  const value = metric === undefined ? undefined : metricValue(metric, metric.datatype ?? 0);
  return typeof value === "bigint" || typeof value === "number" ? Number(value) : undefined;
}

function inboxMessage(
  message: NodeMessage,
  readings: readonly InboxReading[],
  late: boolean,
): Parameters<Inbox["offer"]>[0] {
  const { receivedUs, ordinal } = message;
  return { readings, receivedUs, late, ...(ordinal === undefined ? {} : { ordinal }) };
}
