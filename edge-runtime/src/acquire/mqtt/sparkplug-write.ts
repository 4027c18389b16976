/** A Sparkplug command (3.0, 6.4.27 NCMD and 6.4.28 DCMD): one metric by its name, to a node that is born, with QoS 0. */
import type { Refused } from "@millwright/kit";
import type { Scalar } from "@millwright/wire-contract";

import { parseSparkplugAddress } from "./sparkplug-address.ts";
import type { SparkplugCodec } from "./sparkplug-payload.ts";

export interface SparkplugCommand {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** @param datatype of the metric in its running birth; undefined when it is not born, and then nobody would act on it */
export function planCommand(
  address: string,
  datatype: number | undefined,
  value: Scalar,
  nowMs: number,
  codec: SparkplugCodec,
): SparkplugCommand | Refused {
  const parsed = parseSparkplugAddress(address);
  if ("kind" in parsed) return parsed;
  const { group, node, device, metric } = parsed;
  if (datatype === undefined) {
    return { kind: "refused", reason: `${metric} of ${node} is not born; nothing was sent` };
  }
  const payload = codec.command(metric, datatype, value, nowMs);
  if ("kind" in payload) return payload;
  const topic =
    device === "-" ? `spBv1.0/${group}/NCMD/${node}` : `spBv1.0/${group}/DCMD/${node}/${device}`;
  return { topic, payload: payload.bytes };
}
