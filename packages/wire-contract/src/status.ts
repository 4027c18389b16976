/**
 * OPC UA status codes (OPC 10000-4, 7.39; numbers of OPC 10000-6, annex A.2). The code is kept whole; whether a value
 * may be trusted is judged by severity, never by being zero: 0x00000480 is good and says that a queue overflowed.
 */
export type StatusCode = number;

export const status = {
  good: 0x0000_0000,
  /** The device lost samples before this one: info bits "data value" and "overflow" (OPC 10000-4, 7.39.1). */
  overflowBits: 0x0000_0480,
  uncertain: 0x4000_0000,
  uncertainLastUsable: 0x4090_0000,
  uncertainInitial: 0x4092_0000,
  bad: 0x8000_0000,
  badUnexpected: 0x8001_0000,
  badInternal: 0x8002_0000,
  badCommunication: 0x8005_0000,
  badTimeout: 0x800a_0000,
  badTypeMismatch: 0x8074_0000,
  badNotConnected: 0x808a_0000,
  badDeviceFailure: 0x808b_0000,
  badSensorFailure: 0x808c_0000,
  badNoCommunication: 0x8031_0000,
  badWaitingForInitialData: 0x8032_0000,
  badNodeIdUnknown: 0x8034_0000,
  badOutOfRange: 0x803c_0000,
  badNotSupported: 0x803d_0000,
  badDecoding: 0x8007_0000,
} as const;

export type Severity = "good" | "uncertain" | "bad";

/** The two top bits: 00 good, 01 uncertain, 10 bad. 11 is reserved and treated as bad. */
export function severityOf(code: StatusCode): Severity {
  const top = code >>> 30;
  if (top === 0) return "good";
  return top === 1 ? "uncertain" : "bad";
}

/** True when the device says that its own queue overflowed before this value (InfoType data value, overflow bit). */
export function saysOverflow(code: StatusCode): boolean {
  return (code & status.overflowBits) === status.overflowBits;
}

const words = new Map<StatusCode, string>([
  [status.badCommunication, "device unreachable"],
  [status.badNoCommunication, "device unreachable"],
  [status.badNotConnected, "not connected"],
  [status.badTimeout, "device did not answer in time"],
  [status.badTypeMismatch, "type changed in the device"],
  [status.badDeviceFailure, "device fault"],
  [status.badSensorFailure, "sensor fault"],
  [status.badWaitingForInitialData, "waiting for the first value"],
  [status.badNodeIdUnknown, "address unknown to the device"],
  [status.badOutOfRange, "outside the range of the sensor"],
  [status.badNotSupported, "not supported by the device"],
  [status.badDecoding, "could not be decoded"],
  [status.uncertainLastUsable, "last usable value"],
  [status.uncertainInitial, "initial value"],
]);

/** What a screen says about a status: "" for good, otherwise a few words without blame. */
export function statusWords(code: StatusCode): string {
  const severity = severityOf(code);
  if (severity === "good") return "";
  // Info bits (low 16) do not change what happened.
  const known = words.get((code & 0xffff_0000) >>> 0);
  if (known !== undefined) return known;
  return `${severity}, status 0x${(code >>> 0).toString(16).toUpperCase().padStart(8, "0")}`;
}
