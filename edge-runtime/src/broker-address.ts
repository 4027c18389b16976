/** How a broker is reached and who asks: the same for what is read from one and for what is told to one. */
import * as z from "zod";

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
  // Half of the 60 s after which common brokers and firewalls grow impatient; below 5 s it is only traffic.
  keepAliveSeconds: z.int().min(5).max(600).default(30),
  connectTimeoutMs: z.int().min(500).max(60_000).default(10_000),
};

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
