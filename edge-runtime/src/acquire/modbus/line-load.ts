/** How much of its time a line spends on its devices (field practice 42). Pure. */
import type { PlanLine } from "../driver.ts";
import type { ModbusPoint } from "./addresses.ts";
import { groupRequests, readFunctionOf, type ReadRequest } from "./requests.ts";
import { readQuestion } from "./pdu.ts";
import { silenceMs, wireMs } from "./rtu-frame.ts";
import { lineOf, wiringOf, type ModbusSettings } from "./settings.ts";

export interface LineLoad {
  readonly requests: readonly { readonly everyMs: number; readonly request: ReadRequest }[];
  readonly requestsPerSecond: number;
  /** Share of the line's time, 0 to 1 and beyond. NaN without a speed, where it depends on the device alone. */
  readonly share: number;
}

/** Warn above, refuse above (field practice 42): the rest is for repeats, writes and devices that are slow that day. */
export const shareWarned = 0.6;
export const shareMax = 0.9;

/** What a line behind a gateway most often runs at, where nobody says. */
const usualBaudRate = 9_600;

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

/** @param baudRate of the line, or NaN */
export function lineLoad(
  settings: ModbusSettings,
  points: readonly ModbusPoint[],
  baudRate: number = settings.baudRate ?? NaN,
): LineLoad {
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
    share += exchangeMs(request, baudRate) / everyMs;
  }
  return { requests, requestsPerSecond, share };
}

/** What `plan` prints for one device. */
export function describeLoad(settings: ModbusSettings, points: readonly ModbusPoint[]): PlanLine[] {
  const load = lineLoad(settings, points);
  const sizes = load.requests.map(({ request }) => request.count);
  const share = Number.isNaN(load.share) ? "" : `, ${percent(load.share)} of the line's time`;
  return [
    {
      severity: "info",
      text: `${points.length} points in ${load.requests.length} requests of ${Math.min(...sizes)} to ${Math.max(...sizes)}, ${rounded(load.requestsPerSecond)} requests/s on ${lineOf(settings)}${share}`,
    },
  ];
}

/** One device of a line, its points understood. */
export interface LoadOfDevice {
  readonly device: string;
  readonly settings: ModbusSettings;
  readonly points: readonly ModbusPoint[];
}

/** What `plan` prints for a line with all its devices: whether they are wired alike, and whether its time suffices. */
export function describeLine(users: readonly LoadOfDevice[]): PlanLine[] {
  const odd = differingWiring(users);
  if (odd !== undefined) return [odd];
  const rates = users.flatMap(({ settings }) => settings.baudRate ?? []);
  // A gateway may be written with its speed at one device only; the slowest is the careful choice.
  if (rates.length > 0) return [judge(users, Math.min(...rates))];
  const units = new Set(users.flatMap(({ points }) => points.map(({ unit }) => unit)));
  return units.size > 1 ? [judgeGateway(users, units.size)] : [];
}

/** The port is opened once, so it cannot be two things. */
function differingWiring(users: readonly LoadOfDevice[]): PlanLine | undefined {
  const [first, ...others] = users;
  if (first === undefined) return undefined;
  const odd = others.find(({ settings }) => wiringOf(settings) !== wiringOf(first.settings));
  if (odd === undefined) return undefined;
  return {
    severity: "refused",
    text: `${first.device} is written with ${wiringOf(first.settings)}, ${odd.device} with ${wiringOf(odd.settings)}. Devices on one line have the same settings of it: correct one of them`,
  };
}

function judge(users: readonly LoadOfDevice[], baudRate: number): PlanLine {
  const { total, each } = sharesOf(users, baudRate);
  const text = `busy ${percent(total)} of its time at ${baudRate} baud${each}`;
  if (total > shareMax) {
    return {
      severity: "refused",
      text: `${text}; more than ${percent(shareMax)} cannot be kept, and values would be missing all the time. Read less often, read fewer points, raise the speed, or divide the devices over two lines`,
    };
  }
  if (total > shareWarned) {
    return {
      severity: "warning",
      text: `${text}; above ${percent(shareWarned)} one device that is slow or must be asked again makes values of the others come late. Read less often, read fewer points, or raise the speed`,
    };
  }
  return { severity: "info", text };
}

/** Several units behind one address are a gateway with a line behind it, whose speed nobody wrote. */
function judgeGateway(users: readonly LoadOfDevice[], unitCount: number): PlanLine {
  const { total, each } = sharesOf(users, usualBaudRate);
  return {
    severity: total > shareWarned ? "warning" : "info",
    text: `${unitCount} units answer behind this address, so it is likely a gateway with a serial line: at ${usualBaudRate} baud that line would be busy ${percent(total)} of its time${each}. Write its baudRate into the connection to have this checked`,
  };
}

function sharesOf(
  users: readonly LoadOfDevice[],
  baudRate: number,
): { readonly total: number; readonly each: string } {
  const shares = users.map(({ device, settings, points }) => ({
    device,
    share: lineLoad(settings, points, baudRate).share,
  }));
  const total = shares.reduce((sum, { share }) => sum + share, 0);
  if (shares.length < 2) return { total, each: "" };
  // The largest first: that is where there is something to win.
  const largest = shares.toSorted((one, other) => other.share - one.share);
  const named = largest
    .slice(0, namedMax)
    .map(({ device, share }) => `${device} ${percent(share)}`);
  const more = largest.length - named.length;
  return { total, each: ` (${named.join(", ")}${more > 0 ? ` and ${more} more` : ""})` };
}

/** So many devices are named in a sentence; a line of 32 would fill the screen. */
const namedMax = 5;

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function rounded(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}
