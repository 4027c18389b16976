import { z } from "zod";

/** The gateway as a Sparkplug B edge node, for SCADA systems that subscribe to a plant's broker. */
export interface SparkplugNodeFile {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly url: string;
  /** One of its kind at the broker; `millwright-<gateway>-sparkplug` when left out. */
  readonly clientId?: string | undefined;
  readonly user?: string | undefined;
  /** The password is read from a file, so that settings can be shown and copied. */
  readonly passwordFile?: string | undefined;
  /** Certificates of the authority that signed the broker's, PEM; the system's are used when left out. */
  readonly caFile?: string | undefined;
  /** The longest silence before the broker is asked whether it is still there. */
  readonly keepAliveSeconds: number;
  /** A broker that does not answer in this time is taken as away. */
  readonly connectTimeoutMs: number;
  readonly group: string;
  /** The gateway's id when left out. */
  readonly node?: string | undefined;
  /** Devices whose tags are published; all when left out. */
  readonly devices?: readonly string[] | undefined;
  /** Ids of tags, in which `*` stands for anything; all of the devices when left out. */
  readonly tags?: readonly string[] | undefined;
  /** The host application that must be online: while it is not, samples wait here. Nobody is waited for when left out. */
  readonly primaryHost?: string | undefined;
  /** Once the primary host was away, so much of what it may have missed before anybody noticed is told again. */
  readonly replaySeconds: number;
  /** Samples that could not be told wait so long, while the journal has room. 0: they do not wait. */
  readonly storeAndForwardHours: number;
}

// Sparkplug 3.0, 4.1: part of a topic, so no wildcard and no slash.
const namePattern = /^[^+#/\0]{1,64}$/;
const name = z.string().regex(namePattern, "1 to 64 characters other than + # /");

export const sparkplugNodeFile: z.ZodType<SparkplugNodeFile> = z.strictObject({
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
    .optional(),
  user: z.string().min(1).optional(),
  passwordFile: z.string().min(1).optional(),
  caFile: z.string().min(1).optional(),
  // Half of the 60 s after which common brokers and firewalls grow impatient; below 5 s it is only traffic.
  keepAliveSeconds: z.int().min(5).max(600).default(30),
  connectTimeoutMs: z.int().min(500).max(60_000).default(10_000),
  group: name,
  node: name.optional(),
  devices: z.array(z.string().min(1)).min(1).max(10_000).optional(),
  tags: z.array(z.string().min(1).max(128)).min(1).max(10_000).optional(),
  primaryHost: name.optional(),
  // A broker calls a host dead after one and a half keep-alives (MQTT 3.1.1, 3.1.2.10), which are 30 s mostly.
  replaySeconds: z.int().min(0).max(600).default(60),
  // A weekend is 64 h. What waits lies in the journal as it is, three bytes a sample; a year is a mistake.
  storeAndForwardHours: z.number().min(0).max(8_760).default(72),
});

function isBrokerUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  const { protocol, hostname, username, password, pathname, search } = url;
  const plain = username === "" && password === "" && ["", "/"].includes(pathname) && search === "";
  return (protocol === "mqtt:" || protocol === "mqtts:") && hostname !== "" && plain;
}
