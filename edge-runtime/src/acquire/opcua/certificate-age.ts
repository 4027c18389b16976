import type { Clock, Log } from "@millwright/kit";

import type { PlanLine } from "../driver.ts";
import type { Notes } from "./notes.ts";

/**
 * Our application certificate is never renewed by itself, because controllers trust by thumbprint and a silent renewal
 * stops a plant. So its end is said early: 90, 30 and 7 days before (field practice 28).
 */
const warnDays = [90, 30, 7] as const;
const dayUs = 86_400_000_000;

export interface CertificateAge {
  /** How many of the warnings are due: 0 none, 3 the last of them, 4 when the certificate has ended. */
  readonly step: 0 | 1 | 2 | 3 | 4;
  /** What a person reads; "" at step 0. */
  readonly text: string;
}

/** @param validToUs end of the certificate, µs since 1970 UTC */
export function ageOf(device: string, validToUs: number, nowUs: number): CertificateAge {
  const leftDays = Math.floor((validToUs - nowUs) / dayUs);
  const end = new Date(validToUs / 1_000).toISOString().slice(0, 10);
  const renew = `renew it: millwright certificate ${device}`;
  if (nowUs > validToUs) {
    return {
      step: 4,
      text: `this gateway's certificate ended on ${end} and controllers may refuse it; ${renew}`,
    };
  }
  const step = warnDays.filter((days) => leftDays < days).length as 0 | 1 | 2 | 3;
  return {
    step,
    text:
      step === 0 ? "" : `this gateway's certificate ends on ${end}, in ${leftDays} days; ${renew}`,
  };
}

/** For the plan, before anything is started. */
export function planLinesOf(age: CertificateAge): readonly PlanLine[] {
  return age.step === 0 ? [] : [{ severity: "warning", text: age.text }];
}

/** A conversation may last for months; an hour late does not matter to a warning of days. */
const lookEveryMs = 3_600_000;

/** Keeps the note of the device true and logs each warning once, until the signal aborts. */
export async function watchAge(
  device: string,
  validToUs: number,
  notes: Notes,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let said = 0;
  while (!signal.aborted) {
    const age = ageOf(device, validToUs, clock.nowUs());
    notes.set("own certificate", age.text);
    if (age.step > said) {
      log.warn("acquire.certificate-ends", { device, step: age.step, validToUs });
      said = age.step;
    }
    await clock.sleep(lookEveryMs, signal).catch(() => undefined);
  }
}
