/**
 * How a value is published to be written: to the topic and in the payload that the tag declares, never retained. Pure.
 *
 * A broker keeps a message for a device that is away; a setpoint of an hour ago must not move a machine. With MQTT 5 the
 * message carries its own end (5.0, 3.3.2.3.3). 3.1.1 has none, so there it goes with QoS 0, and whether anybody took it is
 * unknown until it is read back.
 */
import { race, type Refused } from "@millwright/kit";
import type { Scalar, WriteOutcome } from "@millwright/wire-contract";

import type { BrokerLink } from "./broker-link.ts";
import { refuseTopic } from "./topic-name.ts";

/** As long as a command lives (ux-guide 6). */
export const writeExpiryS = 5;

export interface TopicWrite {
  readonly topic: string;
  /** `{value}` stands where the value goes: as JSON, or bare where it stands alone. */
  readonly template: string;
}

export function parseTopicWrite(
  options: Readonly<Record<string, string>>,
): TopicWrite | Refused | undefined {
  const topic = options["write_topic"] ?? "";
  const template = options["write_payload"] ?? "";
  if (topic === "") {
    return template === "" ? undefined : refuse("write_payload needs write_topic");
  }
  const odd =
    refuseTopic(topic) ?? (topic.includes("#") ? refuse(`${topic} is no topic`) : undefined);
  if (odd !== undefined) return odd;
  if (template !== "" && template.split("{value}").length !== 2) {
    return refuse("write_payload holds {value} once, where the value goes");
  }
  return { topic, template: template === "" ? "{value}" : template };
}

export function payloadOf({ template }: TopicWrite, value: Scalar): Uint8Array {
  if (template === "{value}" && value instanceof Uint8Array) return value;
  const bare = template === "{value}" && typeof value === "string";
  return Buffer.from(template.replace("{value}", () => (bare ? value : jsonOf(value))));
}

export async function publishWrite(
  link: BrokerLink,
  topic: string,
  payload: Uint8Array,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  if (signal.aborted) return refuse("it was taken back; nothing was sent");
  if (!link.connected) return refuse("there is no link to the broker; nothing was sent");
  if (link.version !== 5) return await publishUnacknowledged(link, topic, payload);
  try {
    await race(link.publish(topic, payload, 1, false, writeExpiryS), signal);
    return { kind: "accepted" };
  } catch (failure) {
    const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
    // MQTT 5.0, 3.4.2.1: from 128 on the broker says that it did not take it.
    if (failure instanceof Error && typeof code === "number" && code >= 128) {
      return refuse(`the broker answers "${failure.message}"`);
    }
    return {
      kind: "unknown",
      reason: "the broker did not answer, so nobody knows whether it was taken",
    };
  }
}

/** With QoS 0: nobody answers. */
export async function publishUnacknowledged(
  link: BrokerLink,
  topic: string,
  payload: Uint8Array,
): Promise<WriteOutcome> {
  if (!link.connected) return refuse("there is no link to the broker; nothing was sent");
  try {
    await link.publish(topic, payload, 0, false);
  } catch {
    return { kind: "unknown", reason: "the link went down while it was sent" };
  }
  return { kind: "unknown", reason: "nobody acknowledges a message of this kind" };
}

/** 64-bit integers in full, bytes as base64. */
function jsonOf(value: Scalar): string {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString("base64"));
  return JSON.stringify(value);
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
