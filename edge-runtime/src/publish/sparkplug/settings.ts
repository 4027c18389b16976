import * as z from "zod";

import {
  brokerAddress,
  checkBrokerAddress,
  sparkplugName,
  type BrokerAddress,
} from "../../broker-address.ts";

/**
 * The gateway as a Sparkplug B edge node, for SCADA systems that subscribe to a plant's broker. Its client id is
 * `millwright-<gateway>-sparkplug` when left out.
 */
export interface SparkplugNodeFile extends BrokerAddress {
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

export const sparkplugNodeFile: z.ZodType<SparkplugNodeFile> = z
  .strictObject({
    ...brokerAddress,
    group: sparkplugName,
    node: sparkplugName.optional(),
    devices: z.array(z.string().min(1)).min(1).max(10_000).optional(),
    tags: z.array(z.string().min(1).max(128)).min(1).max(10_000).optional(),
    primaryHost: sparkplugName.optional(),
    // A broker calls a host dead after one and a half keep-alives (MQTT 3.1.1, 3.1.2.10), which are 30 s mostly.
    replaySeconds: z.int().min(0).max(600).default(60),
    // A weekend is 64 h. What waits lies in the journal as it is, three bytes a sample; a year is a mistake.
    storeAndForwardHours: z.number().min(0).max(8_760).default(72),
  })
  .superRefine(checkBrokerAddress);
