/** Reads around one address for the picker. */
import type { Decoding, DriverContext } from "../driver.ts";
import { DeviceUnreachable, SettingsRefused } from "../faults.ts";
import { isBitTable, isRefused, parsePoint } from "./addresses.ts";
import type { Outcome } from "./conversation.ts";
import { decodeAllWays, decodeBits, shownAround } from "./decode-all-ways.ts";
import { exceptionWords } from "./exceptions.ts";
import type { LineUse } from "./lines.ts";
import { readQuestion } from "./pdu.ts";
import { readFunctionOf } from "./requests.ts";
import type { ModbusSettings } from "./settings.ts";

/** Throws `DeviceUnreachable`, or `SettingsRefused` when the device refuses the address itself. */
export async function probeAround(
  settings: ModbusSettings,
  address: string,
  use: LineUse,
  context: DriverContext,
  signal: AbortSignal,
): Promise<readonly Decoding[]> {
  const point = parsePoint(
    settings,
    {
      tag: "the address",
      address,
      type: /^(coil|discrete)/.test(address) ? "bool" : "uint16",
      everyMs: 1_000,
      options: {},
    },
    0,
  );
  if (isRefused(point)) {
    throw new SettingsRefused(context.device, point.reason, "Write, for example, holding:100.");
  }
  const { table } = point;
  const wide = shownAround(table, point.address);
  // The neighbours may not exist; then less is shown, down to the one register that was asked for.
  const narrower = [
    wide,
    { first: point.address, count: Math.min(4, 65_536 - point.address) },
    { first: point.address, count: Math.min(2, 65_536 - point.address) },
    { first: point.address, count: 1 },
  ];
  let refusal = 0;
  for (const { first, count } of narrower) {
    signal.throwIfAborted();
    let data: Uint8Array = new Uint8Array(0);
    const question = readQuestion(point.unit, readFunctionOf(table), first, count);
    const outcome = await new Promise<Outcome>((resolve) => {
      use.line.submit([
        {
          question,
          timeoutMs: settings.timeoutMs,
          done(result) {
            if (result.kind === "answer") data = Uint8Array.from(result.pdu.subarray(2));
            resolve(result);
          },
        },
      ]);
    });
    if (outcome.kind === "answer") {
      return isBitTable(table)
        ? decodeBits(table, first, data, count)
        : decodeAllWays(table, first, data, point.address);
    }
    if (outcome.kind !== "exception" || outcome.code === 10 || outcome.code === 11) {
      throw new DeviceUnreachable(context.device, {
        hint: `Check that ${context.device} has power, and that unit number, framing and speed are those typed.`,
      });
    }
    refusal = outcome.code;
  }
  throw new SettingsRefused(
    context.device,
    `${address}: ${exceptionWords(refusal)}`,
    "Look the address up in the device's register list; lists that count from 1 name it one higher.",
  );
}
