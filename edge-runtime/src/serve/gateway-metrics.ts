/** What a monitoring system is told of the gateway: first of all the number that must be 0. */
import { metric, metricsBy, type Metric } from "@millwright/live-feed";
import type { GatewayCounters } from "@millwright/wire-contract";

export function gatewayMetrics({
  unexplained,
  told,
  certificates,
  journal,
  devices,
}: GatewayCounters): readonly Metric[] {
  const byDevice = metricsBy("device", devices, ({ device }) => device);
  return [
    metric(
      "unexplained_samples",
      "gauge",
      unexplained,
      "Samples that are neither kept nor explained. Must be 0.",
    ),
    byDevice(
      "device_unexplained_readings",
      "gauge",
      (device) => device.unexplained,
      "Readings that were due, did not come, and that nothing explains. Must be 0.",
    ),
    byDevice("device_readings_due_total", "counter", ({ due }) => due, "Readings that were due."),
    byDevice("device_readings_total", "counter", ({ read }) => read, "Readings that came."),
    byDevice(
      "device_readings_lost_total",
      "counter",
      ({ lost }) => lost,
      "Readings that are lost with a reason in the ledger.",
    ),
    metric("samples_received_total", "counter", journal.received, "Samples for the journal."),
    metric("samples_kept_total", "counter", journal.sent, "Samples that are on disk."),
    metric(
      "samples_refused_total",
      "counter",
      journal.dropped,
      "Samples that were refused at a bound, with an entry in the ledger.",
    ),
    metric(
      "samples_rejected_total",
      "counter",
      journal.failed,
      "Samples that fit into no frame, with an entry in the ledger.",
    ),
    ...(told === undefined
      ? []
      : [metric("samples_told_total", "counter", told, "Samples that the hub's broker took.")]),
    metric("journal_bytes", "gauge", journal.journalBytes, "The journal's file and its log."),
    metric("journal_bytes_max", "gauge", journal.bytesMax, "What they may take at most."),
    metric(
      "journal_written_bytes_total",
      "counter",
      journal.bytesWritten,
      "What the journal has written to its medium.",
    ),
    ...certificateMetrics(certificates ?? []),
  ];
}

/** As a moment and not as days: whoever watches subtracts `time()`, and an alert needs no change of the value. */
function certificateMetrics(
  certificates: NonNullable<GatewayCounters["certificates"]>,
): readonly Metric[] {
  if (certificates.length === 0) return [];
  return [
    {
      name: "certificate_not_after_timestamp_seconds",
      help: "When a certificate ends, in seconds since 1970 UTC.",
      kind: "gauge",
      points: certificates.map(({ use, device, notAfterUs }) => ({
        labels: { use, ...(device === undefined ? {} : { device }) },
        value: notAfterUs / 1e6,
      })),
    },
  ];
}
