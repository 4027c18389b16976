/** How a broker is reached and who asks: the same for what is read from one and for what is told to one. */
import * as z from "zod";

import type { Shown } from "./shown-settings.ts";

export interface BrokerAddress {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly url: string;
  /** One of its kind at the broker. Who connects makes one when it is left out. */
  readonly clientId?: string;
  readonly user?: string;
  /** The password is read from a file, so that settings can be shown and copied. */
  readonly passwordFile?: string;
  /** Certificates of the authority that signed the broker's, PEM; the system's are used when left out. */
  readonly caFile?: string;
  /** Our own certificate and its key, PEM, where the broker asks clients for one. Only with `mqtts://`. */
  readonly certificateFile?: string;
  readonly keyFile?: string;
  /** The longest silence before the broker is asked whether it is still there. */
  readonly keepAliveSeconds: number;
  /** A broker that does not answer in this time is taken as away. */
  readonly connectTimeoutMs: number;
}

/** Part of a strict object of settings. */
export const brokerAddress = {
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
  certificateFile: z.string().min(1).exactOptional(),
  keyFile: z.string().min(1).exactOptional(),
  // Half of the 60 s after which common brokers and firewalls grow impatient; below 5 s it is only traffic.
  keepAliveSeconds: z.int().min(5).max(600).default(30),
  connectTimeoutMs: z.int().min(500).max(60_000).default(10_000),
};

export const brokerShown = {
  url: "plain",
  clientId: "plain",
  user: "is-set",
  passwordFile: "is-set",
  caFile: "is-set",
  certificateFile: "is-set",
  keyFile: "is-set",
  keepAliveSeconds: "plain",
  connectTimeoutMs: "plain",
} as const satisfies Shown<BrokerAddress>;

/** What parts of an address mean only together; for the object that holds them. */
export function checkBrokerAddress(
  { url, certificateFile, keyFile }: BrokerAddress,
  report: z.RefinementCtx,
): void {
  const [shown, missing] =
    certificateFile === undefined ? [keyFile, "certificateFile"] : [certificateFile, "keyFile"];
  if (shown !== undefined && (certificateFile === undefined || keyFile === undefined)) {
    const message = "is missing: a certificate is shown with its key";
    report.addIssue({ code: "custom", path: [missing], message });
  }
  if (shown !== undefined && !url.startsWith("mqtts:")) {
    const message = "a certificate is shown to a broker that encrypts only: write mqtts://";
    report.addIssue({ code: "custom", path: ["url"], message });
  }
}

/** True when what is sent stays in this machine or is encrypted. */
export function isPrivate({ url }: Pick<BrokerAddress, "url">): boolean {
  const { protocol, hostname } = new URL(url);
  if (protocol === "mqtts:") return true;
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** What a person should be told before a start of what others can read. */
export function plainTextWarnings(broker: Pick<BrokerAddress, "url" | "user">): readonly string[] {
  if (isPrivate(broker)) return [];
  return [
    `${broker.url} is not encrypted; use mqtts:// instead`,
    ...(broker.user === undefined ? [] : ["user and password travel readable for everybody"]),
  ];
}

// Sparkplug 3.0, 4.1: part of a topic, so no wildcard and no slash.
export const sparkplugName: z.ZodString = z
  .string()
  .regex(/^[^+#/\0]{1,64}$/, "1 to 64 characters other than + # /");

function isBrokerUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  const { protocol, hostname, username, password, pathname, search } = url;
  const plain = username === "" && password === "" && ["", "/"].includes(pathname) && search === "";
  return (protocol === "mqtt:" || protocol === "mqtts:") && hostname !== "" && plain;
}
