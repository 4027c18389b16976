/** What a monitoring system is told of the hub: first of all the number that must be 0. */
import { metric, metricsBy, type Metric } from "@millwright/live-feed";
import type { GatewayRow, Presence } from "@millwright/wire-contract";

import type { HubMetrics } from "../hub-views.ts";

const presences: readonly Presence[] = ["reporting", "behind", "silent", "sleeping"];

export function hubMetrics(hub: HubMetrics, rows: readonly GatewayRow[]): readonly Metric[] {
  const byGateway = metricsBy("gateway", rows, ({ gateway }) => gateway);
  const byPresence = metricsBy("presence", presences, (presence) => presence);
  return [
    metric(
      "unexplained_samples",
      "gauge",
      hub.unexplained,
      "Samples that gateways announced and that are neither stored nor explained. Must be 0.",
    ),
    byGateway(
      "gateway_unexplained_samples",
      "gauge",
      ({ unexplained }) => unexplained,
      "The same by gateway.",
    ),
    byPresence(
      "gateways",
      "gauge",
      (presence) => rows.filter((row) => row.presence === presence).length,
      "Gateways that report, are behind, silent or asleep.",
    ),
    byGateway(
      "gateway_last_heard_timestamp_seconds",
      "gauge",
      ({ lastBeatUs }) => lastBeatUs / 1e6,
      "When each gateway was heard last, seconds since 1970 UTC; 0 where it never was.",
    ),
    byGateway(
      "gateway_waiting_samples",
      "gauge",
      ({ waitingSamples }) => waitingSamples,
      "Samples that wait for the hub at each gateway, as it said when it was heard last.",
    ),
    metric("frames_received_total", "counter", hub.framesReceived, "Frames that came."),
    metric("frames_stored_total", "counter", hub.framesStored, "Frames that were stored."),
    metric("frames_repeated_total", "counter", hub.framesRepeated, "Frames that were there."),
    metric(
      "frames_quarantined_total",
      "counter",
      hub.framesQuarantined,
      "Frames that could not be read or did not fit.",
    ),
    metric("samples_stored_total", "counter", hub.samplesStored, "Samples that were stored."),
    metric(
      "intake_transactions_total",
      "counter",
      hub.transactions,
      "Transactions that took frames in.",
    ),
  ];
}
