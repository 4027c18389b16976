/**
 * Plain MQTT: each point is one topic, or one value in the JSON of a topic. Readings prove themselves by coming; a topic
 * that is silent beyond its configured period is stale (field practice 13).
 *
 * Retained messages are the broker's memory of a state, of unknown age (field practice 45). They are read, because they
 * may be all that is known, and carry the status "last usable value", also when their payload says when they were
 * measured: that it is kept by the broker proves nothing about the device now.
 */
import { race, type Refused } from "@millwright/kit";
import { status } from "@millwright/wire-contract";

import { isPrivate, plainTextWarnings } from "../../broker-address.ts";
import { brokerCertificates } from "../../certificate-file.ts";
import type {
  Driver,
  DriverContext,
  DriverSession,
  PlanLine,
  PointSettings,
  ReadingBatch,
  ResumePoint,
} from "../driver.ts";
import { DeviceUnreachable, LinkLost, SettingsRefused } from "../faults.ts";
import { AckWindow } from "./ack-window.ts";
import { openBrokerLink, type BrokerLink, type BrokerMessage } from "./broker-link.ts";
import { browseTopics } from "./browse-topics.ts";
import { Inbox } from "./inbox.ts";
import { Notes } from "./notes.ts";
import {
  brokerQuestions,
  mqttSettings,
  mqttShown,
  type BrokerSettings,
  type MqttSettings,
} from "./settings.ts";
import { isRefused, parseTopicPoint, readTopicPayload, type TopicPoint } from "./topic-point.ts";
import { payloadOf, publishWrite } from "./topic-write.ts";

export type { MqttSettings } from "./settings.ts";

/** What a 3.1.1 broker may leave unacknowledged: half of Mosquitto's 20, so that it never stands still. */
export const heldMax311 = 10;

/** The broker remembers for us, by the client id; but not what is published with QoS 0. */
const rememberedBy: { readonly broker: ResumePoint; readonly nobody: ResumePoint } = {
  broker: {},
  nobody: { unkept: true },
};

export const mqttDriver: Driver<MqttSettings> = {
  protocol: "mqtt",
  polled: false,
  settings: mqttSettings,
  shown: mqttShown,
  questions: brokerQuestions,
  line: ({ url }) => url,

  certificates: brokerCertificates,

  checkPoint(_settings, point) {
    const parsed = parseTopicPoint(point);
    return isRefused(parsed) ? parsed : undefined;
  },

  checkWrite(_settings, point) {
    const parsed = parseTopicPoint(point);
    return isRefused(parsed) ? parsed : notWritten(parsed);
  },

  plan(settings, points) {
    const topics = topicsOf(points).size;
    return [
      { severity: "info", text: `${topics} topics with ${points.length} tags at ${settings.url}` },
      ...brokerPlan(settings),
    ];
  },

  async open(settings, points, context, signal, resume = rememberedBy.broker) {
    const topics = topicsOf(points);
    const notes = new Notes((text) => context.note(text));
    context.badge(isPrivate(settings) ? "" : "no encryption");

    const widest = [...topics.values()].reduce((most, on) => Math.max(most, on.length), 1);
    const receiveMax = Math.floor(context.queueMax / widest);
    let link: BrokerLink | undefined;
    // With MQTT 5 the broker itself stops at `receiveMax`, so the window never has to acknowledge early.
    let acks = new AckWindow(Infinity, () => undefined);
    let inbox = new Inbox(context, acks);
    const missesWhatWasSent = resume["unkept"] === true;
    let hasUnkept = false;
    const begin = (on: BrokerLink): void => {
      if (link !== undefined) return;
      link = on;
      acks = new AckWindow(on.version === 5 ? Infinity : heldMax311, (id) => on.acknowledge(id));
      inbox = new Inbox(context, acks);
    };

    const opened = await openBrokerLink(
      {
        settings,
        context,
        receiveMax,
        // What the broker kept for us may arrive together with the connection, before `open` has gone on.
        onMessage(message, on) {
          begin(on);
          if (!topics.has(message.topic)) on.forget(message.topic);
          else if (message.qos === 0 && !message.retain) hasUnkept = true;
          receive(message, topics, context, acks, inbox, notes);
        },
        onLost(cause, heardUs) {
          if (hasUnkept) chargeSilence(context, heardUs);
          inbox.fail(new LinkLost(context.device, cause ? { cause } : {}));
        },
      },
      signal,
    );
    begin(opened);
    try {
      const refused = await opened.subscribe([...topics.keys()]);
      if (refused.length > 0 && refused.length === topics.size) {
        throw new SettingsRefused(
          context.device,
          `the broker lets us read none of ${refused.length} topics, ${refused[0] ?? ""} among them`,
          "Ask whoever keeps the broker for the right to read them.",
        );
      }
      for (const topic of refused)
        notes.add(`refused ${topic}`, `the broker does not let us read ${topic}`);
      refusePoints(refused, topics, context, inbox);
    } catch (failure) {
      opened.close();
      throw failure instanceof SettingsRefused
        ? failure
        : new DeviceUnreachable(context.device, { cause: failure });
    }
    return session(opened, inbox, {
      get resume() {
        return hasUnkept || missesWhatWasSent ? rememberedBy.nobody : rememberedBy.broker;
      },
      missesWhatWasSent,
      async write(at, value, until) {
        const point = [...topics.values()].flat().find(([index]) => index === at)?.[1];
        if (point?.write === undefined) return notWritten(point) ?? unknownPoint(at);
        return await publishWrite(opened, point.write.topic, payloadOf(point.write, value), until);
      },
    });
  },

  browse(settings, context, max, signal) {
    return browseTopics(settings, context, max, signal);
  },
};

/** What both MQTT drivers tell before a start. */
export function brokerPlan(settings: BrokerSettings): readonly PlanLine[] {
  const lines: PlanLine[] = [
    {
      severity: "info",
      text:
        "the broker keeps what is published with QoS 1 while the gateway is away, up to its own bound " +
        "(Mosquitto: 1,000 messages unless max_queued_messages is set); what is published with QoS 0 it does not keep",
    },
  ];
  lines.push(
    ...plainTextWarnings(settings).map((text) => ({ severity: "warning" as const, text })),
  );
  return lines;
}

function notWritten(point: TopicPoint | undefined): Refused | undefined {
  if (point === undefined || point.write !== undefined) return undefined;
  return {
    kind: "refused",
    reason: `${point.topic} is only read; name the topic that it is written to in write_topic`,
  };
}

function unknownPoint(at: number): Refused {
  return { kind: "refused", reason: `there is no point ${at}` };
}

/** What was sent with QoS 0 on a link that was dead already, nobody sends again. */
export function chargeSilence(context: DriverContext, heardUs: number): void {
  const nowUs = context.clock.nowUs();
  context.lost(-1, NaN, "link lost", Math.min(heardUs, nowUs), nowUs);
}

/** @param closed called when nothing comes any more, for what was received and is still held back */
export function session(
  link: BrokerLink,
  inbox: Inbox,
  own: Pick<DriverSession, "resume" | "missesWhatWasSent" | "write">,
  closed: () => void = () => undefined,
): DriverSession {
  let planned = false;
  return {
    get resume() {
      return own.resume;
    },
    ...(own.missesWhatWasSent === undefined ? {} : { missesWhatWasSent: own.missesWhatWasSent }),
    readings: (signal: AbortSignal): AsyncIterable<ReadingBatch> => inbox.batches(signal),
    write: own.write,
    end(signal) {
      planned = true;
      return race(link.end(), signal);
    },
    [Symbol.asyncDispose]() {
      link.close();
      closed();
      inbox.abandon(planned ? "gateway down" : "link lost");
      return Promise.resolve();
    },
  };
}

type Topics = ReadonlyMap<string, readonly (readonly [at: number, point: TopicPoint])[]>;

function topicsOf(points: readonly PointSettings[]): Topics {
  const topics = new Map<string, [number, TopicPoint][]>();
  points.forEach((settings, at) => {
    const point = parseTopicPoint(settings);
    // Refused points were reported by `checkPoint`, and nothing was started with them.
    if (isRefused(point)) return;
    const on = topics.get(point.topic);
    if (on === undefined) topics.set(point.topic, [[at, point]]);
    else on.push([at, point]);
  });
  return topics;
}

function receive(
  message: BrokerMessage,
  topics: Topics,
  context: DriverContext,
  acks: AckWindow,
  inbox: Inbox,
  notes: Notes,
): void {
  const receivedUs = context.clock.nowUs();
  const ordinal = message.messageId === undefined ? undefined : acks.hold(message.messageId);
  const points = topics.get(message.topic);
  // Without points it is a topic of earlier settings: acknowledged, and not read.
  const payload = readTopicPayload(points ?? [], message.payload);
  if (payload.problem !== undefined) {
    notes.add(
      `payload ${message.topic}`,
      `a message on ${message.topic} could not be used: ${payload.problem}`,
    );
  }
  if (payload.rejected > 0) {
    context.due(payload.rejected);
    context.lost(-1, payload.rejected, "rejected", receivedUs, receivedUs);
  }
  if (points !== undefined && message.qos === 0 && !message.retain) {
    notes.add(
      "qos 0",
      `${message.topic} is published with QoS 0: what is lost on the way cannot be counted`,
    );
  }
  inbox.offer({
    receivedUs,
    late: false,
    ...(ordinal === undefined ? {} : { ordinal }),
    readings: payload.readings.map(({ at, measuredUs, value, status: code }) => ({
      point: at,
      measuredUs,
      value,
      status: message.retain && code === status.good ? status.uncertainLastUsable : code,
    })),
  });
}

/** A topic that we may not read is bad alone, and says so. */
function refusePoints(
  refused: readonly string[],
  topics: Topics,
  context: DriverContext,
  inbox: Inbox,
): void {
  const readings = refused.flatMap((topic) =>
    (topics.get(topic) ?? []).map(([point]) => ({
      point,
      measuredUs: NaN,
      value: NaN,
      status: status.badNodeIdUnknown,
    })),
  );
  inbox.offer({ receivedUs: context.clock.nowUs(), late: false, readings });
}
