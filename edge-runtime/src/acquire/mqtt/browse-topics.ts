/** What a broker carries, by listening to everything for a while, and what its payloads would decode to. */
import { status, type Scalar, type ValueType } from "@millwright/wire-contract";

import type { DriverContext, OfferedPoint } from "../driver.ts";
import { openBrokerLink } from "./broker-link.ts";
import { formatJsonPath, leavesOf, type Json } from "./json-path.ts";
import { parseJsonPayload, payloadCaps } from "./json-payload.ts";
import type { MqttSettings } from "./settings.ts";

/** Field practice 46: discovery by `#` meets at most so many topics. */
const topicsMax = 5_000;
/** Values offered of one topic: more than a person would ever pick from. */
const leavesMax = 200;

export async function* browseTopics(
  settings: MqttSettings,
  context: DriverContext,
  max: number,
  signal: AbortSignal,
): AsyncGenerator<OfferedPoint, void> {
  const waiting: OfferedPoint[] = [];
  const seen = new Set<string>();
  let capped = false;
  let over = false;
  let wake: () => void = () => undefined;

  const link = await openBrokerLink(
    {
      settings,
      context,
      receiveMax: 100,
      temporary: true,
      onMessage(message, on) {
        if (message.messageId !== undefined) on.acknowledge(message.messageId);
        if (seen.has(message.topic)) return;
        if (seen.size >= topicsMax) {
          capped = true;
          return;
        }
        seen.add(message.topic);
        waiting.push(...offersOf(message.topic, message.payload, message.retain));
        wake();
      },
      onLost() {
        over = true;
        wake();
      },
    },
    signal,
  );
  const time = new AbortController();
  const timer = context.clock.sleep(settings.browseSeconds * 1_000, time.signal).then(
    () => {
      over = true;
      wake();
    },
    () => undefined,
  );
  const onAbort = (): void => {
    over = true;
    wake();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) over = true;
  try {
    await link.subscribe(["#"]);
    let offered = 0;
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) {
        yield next;
        offered++;
        if (offered >= max) capped = true;
      }
      if (offered >= max || (next === undefined && isOver())) break;
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    if (capped) context.log.warn("acquire.browse-capped", { topics: seen.size, offered });
  } finally {
    signal.removeEventListener("abort", onAbort);
    time.abort();
    await timer;
    link.close();
  }

  // A call, because the flag is set by callbacks that a compiler does not see.
  function isOver(): boolean {
    return over;
  }
}

/** The points that one payload offers: each value of a JSON object, or the payload as a whole. */
export function offersOf(topic: string, payload: Uint8Array, retain: boolean): OfferedPoint[] {
  const code = retain ? status.uncertainLastUsable : status.good;
  const parsed = parseJsonPayload(payload, payloadCaps);
  if ("kind" in parsed) {
    const text = asText(payload);
    return [
      offer(
        topic,
        topic,
        text ?? new Uint8Array(payload),
        text === undefined ? "bytes" : "string",
        code,
      ),
    ];
  }
  const { json } = parsed;
  if (typeof json !== "object" || json === null) {
    return [offer(topic, topic, json ?? undefined, typeOf(json), code)];
  }
  return leavesOf(json, leavesMax).map(([path, value]) => {
    const text = formatJsonPath(path);
    const name = [...path].reverse().find((step) => typeof step === "string");
    return offer(`${topic}#${text}`, name ?? text, toScalar(value), typeOf(value), code);
  });
}

function offer(
  address: string,
  name: string,
  value: Scalar | undefined,
  type: ValueType,
  code: number,
): OfferedPoint {
  const path = address
    .replace("#$", "/")
    .split(/[/.]/)
    .filter((part) => part !== "")
    .join(" / ");
  return { address, path, name, type, unit: "", value, status: code, writable: false };
}

function toScalar(value: Json): Scalar | undefined {
  return typeof value === "object" ? undefined : value;
}

/** What the value looks like now; a whole number may be a float that happens to be round, so numbers are float64. */
function typeOf(value: Json): ValueType {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return value < 2n ** 63n ? "int64" : "uint64";
  return typeof value === "string" ? "string" : "float64";
}

function asText(payload: Uint8Array): string | undefined {
  if (payload.length > payloadCaps.bytesMax) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    // Control characters are what tells binary data that happens to be UTF-8.
    return Array.from(text).every((character) => character >= " " || "\t\r\n".includes(character))
      ? text
      : undefined;
  } catch {
    return undefined;
  }
}
