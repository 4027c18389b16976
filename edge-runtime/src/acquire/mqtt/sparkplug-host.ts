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
  readonly device: string;
  readonly name: string;
  readonly datatype: number;
}

interface HostedNode {
  state: NodeState<NodeMessage>;
  /** Alias to metric, of the present birth of this node only (field practice 49). */
  readonly aliases: Map<bigint, BornMetric>;
  /** Data types by `device/metric`, for data that name themselves. */
  readonly datatypes: Map<string, number>;
  /** Devices with a running birth, "-" among them for the node itself. */
  readonly alive: Set<string>;
  /** Points by device. */
  readonly points: Map<string, number[]>;
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
  /** Points by `group/node/device/metric`. */
  readonly #pointsAt = new Map<string, number[]>();
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
        aliases: new Map(),
        datatypes: new Map(),
        alive: new Set(),
        points: new Map(),
        heardUs: NaN,
      };
      this.#nodes.set(name, node);
      addTo(node.points, parsed.device, at);
      addTo(this.#pointsAt, address, at);
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
    return [...this.#nodes.values()].flatMap((node) =>
      [...node.alive].flatMap((device) => node.points.get(device) ?? []),
    );
  }

  /** Data type of a metric in its running birth; undefined when it, its device or its node is not born. */
  bornType(address: string): number | undefined {
    const parsed = parseSparkplugAddress(address);
    if ("kind" in parsed) return undefined;
    const node = this.#nodes.get(`${parsed.group}/${parsed.node}`);
    if (node?.alive.has(parsed.device) !== true) return undefined;
    return node.datatypes.get(`${parsed.device}/${parsed.metric}`);
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
        this.#deliverData(name, node, action.message);
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
        this.#stale(node, [...node.points.keys()]);
        node.alive.clear();
        node.aliases.clear();
        return;
    }
  }

  #deliver(name: string, node: HostedNode, message: NodeMessage): void {
    const { kind, device } = message.topic;
    switch (kind) {
      case "NBIRTH":
        this.#options.born(name);
        this.#options.notes.remove(`missing ${name}`);
        node.aliases.clear();
        node.datatypes.clear();
        node.alive.clear();
        this.#deliverBirth(name, node, message);
        return;
      case "DBIRTH":
        for (const [alias, metric] of node.aliases) {
          if (metric.device === device) node.aliases.delete(alias);
        }
        this.#deliverBirth(name, node, message);
        return;
      case "NDATA":
      case "DDATA":
        this.#deliverData(name, node, message);
        return;
      case "DDEATH":
        node.alive.delete(device);
        this.#stale(node, [device]);
        this.#finish(message.ordinal);
        return;
      case "NDEATH":
        this.#finish(message.ordinal);
        return;
    }
  }

  #deliverBirth(name: string, node: HostedNode, message: NodeMessage): void {
    const { device } = message.topic;
    node.alive.add(device);
    const named = new Set<number>();
    const readings: InboxReading[] = [];
    for (const metric of message.payload.metrics) {
      if (metric.name === undefined) continue;
      const datatype = metric.datatype ?? 0;
      const born = { device, name: metric.name, datatype };
      if (metric.alias !== undefined) node.aliases.set(metric.alias, born);
      node.datatypes.set(`${device}/${metric.name}`, datatype);
      for (const at of this.#pointsAt.get(`${name}/${device}/${metric.name}`) ?? []) {
        named.add(at);
        readings.push(this.#toReading(at, metric, born, message));
      }
    }
    for (const at of node.points.get(device) ?? []) {
      if (named.has(at)) continue;
      readings.push({ point: at, measuredUs: NaN, value: NaN, status: status.badNodeIdUnknown });
    }
    this.#inbox?.offer(inboxMessage(message, readings, false));
  }

  #deliverData(name: string, node: HostedNode, message: NodeMessage): void {
    const { context } = this.#options;
    const live: InboxReading[] = [];
    const late: InboxReading[] = [];
    let unknown = false;
    for (const metric of message.payload.metrics) {
      const born = this.#nameOf(node, metric, message.topic.device);
      if (born === undefined) {
        unknown = true;
        continue;
      }
      for (const at of this.#pointsAt.get(`${name}/${born.device}/${born.name}`) ?? []) {
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

  /** By name when it has one, because aliases belong to the present birth only; otherwise by alias. */
  #nameOf(node: HostedNode, metric: SparkplugMetric, device: string): BornMetric | undefined {
    const own = metric.datatype ?? 0;
    if (metric.name !== undefined && metric.name !== "") {
      const datatype = own || (node.datatypes.get(`${device}/${metric.name}`) ?? 0);
      return datatype === 0 ? undefined : { device, name: metric.name, datatype };
    }
    const born = metric.alias === undefined ? undefined : node.aliases.get(metric.alias);
    if (born === undefined) return undefined;
    return own === 0 ? born : { ...born, datatype: own };
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
  #stale(node: HostedNode, devices: readonly string[]): void {
    const readings = devices.flatMap((device) =>
      (node.points.get(device) ?? []).map((point) => ({
        point,
        measuredUs: NaN,
        value: NaN,
        status: status.badNoCommunication,
      })),
    );
    this.#inbox?.offer({ readings, receivedUs: this.#options.context.clock.nowUs(), late: false });
  }

  #finish(ordinal: number | undefined): void {
    if (ordinal !== undefined) this.#acks?.finish(ordinal);
  }
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

function addTo(map: Map<string, number[]>, key: string, at: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [at]);
  else list.push(at);
}
