import { accessShown } from "../access/settings.ts";
import { brokerShown } from "../broker-address.ts";
import type { Shown } from "../shown-settings.ts";
import type { GatewayFile } from "./gateway-file.ts";

/**
 * Of the settings file in the diagnostics: what says how the gateway is joined to its surroundings. What a plant knows of its
 * machines (alarms, rules, grants) is counted, because nobody needs it to find a fault of ours. Devices are told one by one.
 */
export const gatewayShown: Shown<GatewayFile> = {
  gateway: { id: "plain", name: "plain", site: "plain" },
  hub: {
    url: "plain",
    credentialsFile: "is-set",
    caFile: "is-set",
    kilobitsPerSecondMax: "plain",
    historyShare: "plain",
  },
  journal: {
    folder: "plain",
    commitEveryMs: "plain",
    keepRawHours: "plain",
    mebibytesMax: "plain",
  },
  telling: {
    measurement: "plain",
    counter: "plain",
    state: "plain",
    "event-value": "plain",
    setpoint: "plain",
    text: "plain",
    heartbeatMs: "plain",
    everyMs: "plain",
  },
  hmi: { host: "plain", port: "plain", names: "plain" },
  access: accessShown,
  captures: { mebibytesMax: "plain", folders: "count" },
  assets: "count",
  detection: { episodesPerDayMax: "plain", learnMin: "plain" },
  models: {
    folder: "plain",
    bundles: [{ bundle: "plain", role: "plain", assets: "count", previous: "plain" }],
  },
  alarms: {
    classes: "count",
    list: "count",
    faults: "count",
    machines: "count",
    shifts: "is-set",
  },
  rules: "count",
  grants: "count",
  interlocks: "count",
  commands: "is-set",
  publish: {
    sparkplug: {
      ...brokerShown,
      group: "plain",
      node: "plain",
      devices: "count",
      tags: "count",
      primaryHost: "plain",
      replaySeconds: "plain",
      storeAndForwardHours: "plain",
    },
  },
  devices: "count",
};
