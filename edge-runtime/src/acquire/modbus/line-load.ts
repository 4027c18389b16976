/** How much of its time a line spends on a device (field practice 42). Pure. */
import type { PlanLine } from "../driver.ts";
import type { ModbusPoint } from "./addresses.ts";
import { groupRequests, readFunctionOf, type ReadRequest } from "./requests.ts";
import { readQuestion } from "./pdu.ts";
import { silenceMs, wireMs } from "./rtu-frame.ts";
import { lineOf, type ModbusSettings } from "./settings.ts";

export interface LineLoad {
  readonly requests: readonly { readonly everyMs: number; readonly request: ReadRequest }[];
  readonly requestsPerSecond: number;
  /** Share of the line's time, 0 to 1 and beyond. NaN on Modbus TCP, where it depends on the device alone. */
  readonly share: number;
}

/** Warn above, refuse above (field practice 42): the rest is for repeats, writes and devices that are slow that day. */
export const shareWarned = 0.6;
export const shareMax = 0.9;

/** Devices think for a while before they answer: 5 ms is what quick ones take, and no line is without. */
const thinkingMs = 5;

/** Time of one question with its answer on the line, ms, with the silences around them. */
export function exchangeMs(request: ReadRequest, baudRate: number): number {
  const question = readQuestion(
    request.unit,
    readFunctionOf(request.table),
    request.address,
    request.count,
  );
  const characters = question.pdu.length + 3 + question.answerLength + 3;
  return wireMs(characters, baudRate) + 2 * silenceMs(baudRate) + thinkingMs;
}

export function lineLoad(settings: ModbusSettings, points: readonly ModbusPoint[]): LineLoad {
  const requests = [...new Set(points.map((point) => point.everyMs))]
    .sort((one, other) => one - other)
    .flatMap((everyMs) =>
      groupRequests(
        points.filter((point) => point.everyMs === everyMs),
        settings,
      ).map((request) => ({ everyMs, request })),
    );
  let requestsPerSecond = 0;
  let share = 0;
  for (const { everyMs, request } of requests) {
    requestsPerSecond += 1_000 / everyMs;
    share += settings.framing === "tcp" ? NaN : exchangeMs(request, settings.baudRate) / everyMs;
  }
  return { requests, requestsPerSecond, share };
}

/** What `plan` prints for one device. Loads of devices that share a line add up; the line is named in each. */
export function describeLoad(settings: ModbusSettings, points: readonly ModbusPoint[]): PlanLine[] {
  const load = lineLoad(settings, points);
  const lines: PlanLine[] = [];
  const sizes = load.requests.map(({ request }) => request.count);
  lines.push({
    severity: "info",
    text: `${points.length} points in ${load.requests.length} requests of ${Math.min(...sizes)} to ${Math.max(...sizes)}, ${rounded(load.requestsPerSecond)} requests/s on ${lineOf(settings)}`,
  });
  if (settings.framing === "tcp") return lines;
  const percent = Math.round(load.share * 100);
  const text = `${lineOf(settings)} is busy ${percent} % of its time with this device at ${settings.baudRate} baud`;
  if (load.share > shareMax) {
    lines.push({
      severity: "refused",
      text: `${text}; more than ${shareMax * 100} % cannot be kept. Read less often, fewer points, or at a higher speed`,
    });
  } else if (load.share > shareWarned) {
    lines.push({
      severity: "warning",
      text: `${text}; above ${shareWarned * 100} % a repeated question or a write makes polls fail their time`,
    });
  } else lines.push({ severity: "info", text });
  return lines;
}

function rounded(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}
