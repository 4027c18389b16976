import assert from "node:assert/strict";
import { test } from "node:test";

import { Hono } from "hono";

import { addMetricsRoute, metric, metricsBy } from "./metrics-route.ts";

test("metrics are told in the text format, whatever a person has written into a name", async () => {
  const app = new Hono();
  addMetricsRoute(app, () => [
    metric("unexplained_samples", "gauge", 0, "Must be 0."),
    {
      name: "readings_total",
      kind: "counter",
      help: "By device,\nsince the start.",
      points: [
        { labels: { device: "pump-1" }, value: 12 },
        { labels: { device: 'C:\\"line"\n2', site: "Brno" }, value: 3.5 },
      ],
    },
    metricsBy("lane", ["live", "history"], (lane) => lane)(
      "letters",
      "gauge",
      (lane) => lane.length,
      "Of its name.",
    ),
  ]);
  const answer = await app.request("/metrics");
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(
    await answer.text(),
    String.raw`# HELP unexplained_samples Must be 0.
# TYPE unexplained_samples gauge
unexplained_samples 0
# HELP readings_total By device,\nsince the start.
# TYPE readings_total counter
readings_total{device="pump-1"} 12
readings_total{device="C:\\\"line\"\n2",site="Brno"} 3.5
# HELP letters Of its name.
# TYPE letters gauge
letters{lane="live"} 4
letters{lane="history"} 7
`,
  );
});
