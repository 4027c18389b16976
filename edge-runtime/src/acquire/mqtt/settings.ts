import { z } from "zod";

import type { ConnectionQuestion } from "../driver.ts";

/** How to reach a broker; the same for plain MQTT and Sparkplug. */
export interface BrokerSettings {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly url: string;
  /** Permanent, and one of its kind at the broker. Made at the first start and kept when not given. */
  readonly clientId?: string;
  readonly user?: string;
  /** The password is read from a file, so that settings can be shown and copied. */
  readonly passwordFile?: string;
  /** Certificates of the authority that signed the broker's, PEM; the system's are used when absent. */
  readonly caFile?: string;
  /** `auto`: MQTT 5, and 3.1.1 when the broker refuses it. */
  readonly version: "auto" | "5" | "3.1.1";
  /** How long the broker keeps what we miss; longer than the longest planned outage. MQTT 5 only: 3.1.1 has no end. */
  readonly sessionExpiryHours: number;
  /** The longest silence before we ask whether the broker is still there. */
  readonly keepAliveSeconds: number;
  /** A broker that does not answer in this time is taken as away. */
  readonly connectTimeoutMs: number;
  /** How long browsing listens. */
  readonly browseSeconds: number;
}

export type MqttSettings = BrokerSettings;

export interface SparkplugSettings extends BrokerSettings {
  /**
   * We announce ourselves as the primary host, so that edge nodes keep their data while we are away. Only one
   * application of a plant may do so: a second one under the same name breaks the first one's store and forward.
   */
  readonly primaryHost: boolean;
  /** The name under which we announce ourselves. */
  readonly hostId?: string;
  /** A node is asked for a new birth at most this often (field practice 48). */
  readonly rebirthEverySeconds: number;
  /** How long a gap in a node's sequence waits for late packets (field practice 48). */
  readonly reorderWaitMs: number;
}

const broker = {
  url: z
    .string()
    .refine(
      isBrokerUrl,
      "write it as mqtt://host:1883 or mqtts://host:8883, without user and password",
    ),
  // MQTT 3.1.1, 3.1.3.1: every server takes 1 to 23 of these characters, most take more.
  clientId: z
    .string()
    .regex(/^[0-9A-Za-z_.-]{1,64}$/, "1 to 64 letters, digits, or . _ -")
    .exactOptional(),
  user: z.string().min(1).exactOptional(),
  passwordFile: z.string().min(1).exactOptional(),
  caFile: z.string().min(1).exactOptional(),
  version: z.enum(["auto", "5", "3.1.1"]).default("auto"),
  // A long weekend and a holiday; an hour is a power cut, 30 days a line that is rebuilt.
  sessionExpiryHours: z.int().min(1).max(720).default(96),
  // Half of the 60 s after which common brokers and firewalls grow impatient; below 5 s it is only traffic.
  keepAliveSeconds: z.int().min(5).max(600).default(30),
  connectTimeoutMs: z.int().min(500).max(60_000).default(10_000),
  // Field practice 46: 60 s at most, which sees everything that speaks once a minute.
  browseSeconds: z.int().min(1).max(60).default(60),
};

export const mqttSettings: z.ZodType<MqttSettings> = z.strictObject(broker);

export const sparkplugSettings: z.ZodType<SparkplugSettings> = z
  .strictObject({
    ...broker,
    primaryHost: z.boolean().default(false),
    // Sparkplug 3.0, 4.1: part of a topic, so no wildcard and no slash.
    hostId: z
      .string()
      .regex(/^[^+#/\0]{1,64}$/, "1 to 64 characters other than + # /")
      .exactOptional(),
    rebirthEverySeconds: z.int().min(1).max(3_600).default(60),
    reorderWaitMs: z.int().min(100).max(30_000).default(3_000),
  })
  .refine((settings) => settings.primaryHost === (settings.hostId !== undefined), {
    message: "a primary host, and only a primary host, needs a hostId",
    path: ["hostId"],
  });

function isBrokerUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  const { protocol, hostname, username, password, pathname, search } = url;
  const plain = username === "" && password === "" && ["", "/"].includes(pathname) && search === "";
  return (protocol === "mqtt:" || protocol === "mqtts:") && hostname !== "" && plain;
}

/** True when what is sent stays in this machine or is encrypted. */
export function isPrivate(settings: BrokerSettings): boolean {
  const { protocol, hostname } = new URL(settings.url);
  if (protocol === "mqtts:") return true;
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

export const brokerQuestions: readonly ConnectionQuestion[] = [
  {
    key: "url",
    words: "Address of the broker, such as mqtt://192.168.0.10:1883",
    otherwise: "",
  },
];
