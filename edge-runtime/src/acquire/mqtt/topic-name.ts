import type { Refused } from "@millwright/kit";

/** MQTT 5.0, 4.7: a topic name has at least one character, no wildcard and no NUL, and at most 65,535 bytes. */
export function refuseTopic(topic: string): Refused | undefined {
  if (topic === "")
    return refuse("the topic is missing: write the address as topic or topic#$.path");
  if (topic.includes("+")) {
    return refuse(`${topic} names many topics by +; a point needs the one topic that it reads`);
  }
  if (topic.includes("\0") || Buffer.byteLength(topic) > 65_535) {
    return refuse("the topic holds a NUL character or is longer than 65,535 bytes");
  }
  return undefined;
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
