import * as z from "zod";

import {
  brokerAddress,
  brokerShown,
  checkBrokerAddress,
  sparkplugName,
  type BrokerAddress,
} from "../../broker-address.ts";
import type { Shown } from "../../shown-settings.ts";
import type { ConnectionQuestion } from "../driver.ts";

/** The same for plain MQTT and Sparkplug. A client id is made at the first start and kept when none is given. */
export interface BrokerSettings extends BrokerAddress {
  /** `auto`: MQTT 5, and 3.1.1 when the broker refuses it. */
  readonly version: "auto" | "5" | "3.1.1";
  /** How long the broker keeps what we miss; longer than the longest planned outage. MQTT 5 only: 3.1.1 has no end. */
  readonly sessionExpiryHours: number;
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
  ...brokerAddress,
  version: z.enum(["auto", "5", "3.1.1"]).default("auto"),
  // A long weekend and a holiday; an hour is a power cut, 30 days a line that is rebuilt.
  sessionExpiryHours: z.int().min(1).max(720).default(96),
  // Field practice 46: 60 s at most, which sees everything that speaks once a minute.
  browseSeconds: z.int().min(1).max(60).default(60),
};

export const mqttSettings: z.ZodType<MqttSettings> = z
  .strictObject(broker)
  .superRefine(checkBrokerAddress);

export const sparkplugSettings: z.ZodType<SparkplugSettings> = z
  .strictObject({
    ...broker,
    primaryHost: z.boolean().default(false),
    hostId: sparkplugName.exactOptional(),
    rebirthEverySeconds: z.int().min(1).max(3_600).default(60),
    reorderWaitMs: z.int().min(100).max(30_000).default(3_000),
  })
  .refine((settings) => settings.primaryHost === (settings.hostId !== undefined), {
    message: "a primary host, and only a primary host, needs a hostId",
    path: ["hostId"],
  })
  .superRefine(checkBrokerAddress);

export const mqttShown = {
  ...brokerShown,
  version: "plain",
  sessionExpiryHours: "plain",
  browseSeconds: "plain",
} as const satisfies Shown<MqttSettings>;

export const sparkplugShown: Shown<SparkplugSettings> = {
  ...mqttShown,
  primaryHost: "plain",
  hostId: "plain",
  rebirthEverySeconds: "plain",
  reorderWaitMs: "plain",
};

export const brokerQuestions: readonly ConnectionQuestion[] = [
  {
    key: "url",
    words: "Address of the broker, such as mqtt://192.168.0.10:1883",
    otherwise: "",
  },
];
