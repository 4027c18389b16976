/** Numbers for monitoring systems, in the text format that Prometheus and most collectors read (exposition format 0.0.4). */
import type { Hono } from "hono";

export interface Metric {
  /** As the format wants it: `unexplained_samples`; a counter ends in `_total`. */
  readonly name: string;
  readonly help: string;
  /** A counter only rises, and begins anew with the process. */
  readonly kind: "gauge" | "counter";
  readonly points: readonly MetricPoint[];
}

export interface MetricPoint {
  readonly value: number;
  /** Tells the points of one metric apart. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** `GET /metrics`. */
export function addMetricsRoute(app: Hono, read: () => readonly Metric[]): void {
  app.get("/metrics", (context) =>
    context.body(toMetricsText(read()), 200, {
      "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
      "Cache-Control": "no-store",
    }),
  );
}

/** One metric of one point. */
export function metric(name: string, kind: Metric["kind"], value: number, help: string): Metric {
  return { name, kind, help, points: [{ value }] };
}

/** Metrics with one point for each of `all`, which a label tells apart. */
export function metricsBy<One>(
  label: string,
  all: readonly One[],
  nameOf: (one: One) => string,
): (name: string, kind: Metric["kind"], valueOf: (one: One) => number, help: string) => Metric {
  return (name, kind, valueOf, help) => ({
    ...{ name, kind, help },
    points: all.map((one) => ({ labels: { [label]: nameOf(one) }, value: valueOf(one) })),
  });
}

export function toMetricsText(metrics: readonly Metric[]): string {
  return metrics
    .flatMap(({ name, help, kind, points }) => [
      `# HELP ${name} ${escaped(help)}`,
      `# TYPE ${name} ${kind}`,
      ...points.map(({ value, labels = {} }) => `${name}${labelsText(labels)} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${escaped(value).replaceAll('"', String.raw`\"`)}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** A name that a person gave may hold anything, and a line of the format ends with its first line break. */
function escaped(text: string): string {
  return text.replaceAll("\\", String.raw`\\`).replaceAll("\n", String.raw`\n`);
}
