import type { PlantFault, Wrong } from "./fault.ts";

/** A fault that is happening. */
export interface ActiveFault {
  readonly id: number;
  readonly fault: PlantFault;
  /** s since the start of the plant. */
  readonly sinceS: number;
}

/** What all faults together do to one device at its border. Values and clocks are judged apart. */
export interface Trouble {
  readonly powered: boolean;
  readonly link: "up" | "reset" | "half-open";
  /** Modbus exception code, 0 for none. */
  readonly exceptionCode: number;
  readonly slowMs: number;
  readonly lateMs: number;
  /** Each so manyth answer is late. */
  readonly lateEvery: number;
  readonly wrong: Wrong["what"] | "";
  readonly full: boolean;
}

export const noTrouble: Trouble = {
  powered: true,
  link: "up",
  exceptionCode: 0,
  slowMs: 0,
  lateMs: 0,
  lateEvery: 1,
  wrong: "",
  full: false,
};

/** Sums up what is active for `machine`: the worst of each kind counts. */
export function troubleOf(machine: string, active: readonly ActiveFault[]): Trouble {
  let trouble = noTrouble;
  for (const { fault } of active) {
    if (fault.machine === machine) trouble = withFault(trouble, fault);
  }
  return trouble;
}

function withFault(trouble: Trouble, fault: PlantFault): Trouble {
  switch (fault.kind) {
    case "power-cycle":
      return { ...trouble, powered: false };
    case "link-cut":
      return { ...trouble, link: trouble.link === "reset" ? "reset" : fault.mode };
    case "exceptions":
      return { ...trouble, exceptionCode: fault.code };
    case "slow":
      return { ...trouble, slowMs: Math.max(trouble.slowMs, fault.delayMs) };
    case "late":
      return {
        ...trouble,
        lateMs: Math.max(trouble.lateMs, fault.delayMs),
        lateEvery: fault.every,
      };
    case "wrong":
      return { ...trouble, wrong: fault.what };
    case "full":
      return { ...trouble, full: true };
    case "bearing-wear":
    case "stuck":
    case "drift":
    case "sensor-failed":
    case "fault-bit":
    case "writes-ignored":
    case "clock":
      return trouble;
  }
}

const hourUs = 3_600_000_000;

/**
 * What the device's own clock shows.
 *
 * @param nowUs true time, µs since 1970 UTC
 * @param elapsedS s since the start of the plant, the time base of faults
 */
export function deviceTimeUs(
  nowUs: number,
  elapsedS: number,
  machine: string,
  active: readonly ActiveFault[],
): number {
  let shownUs = nowUs;
  for (const { fault, sinceS } of active) {
    if (fault.kind !== "clock" || fault.machine !== machine) continue;
    switch (fault.mode) {
      case "unset":
        shownUs = Math.round((elapsedS - sinceS) * 1e6);
        break;
      case "hour-off":
        shownUs += hourUs;
        break;
      case "daylight-saving":
        if (elapsedS - sinceS < fault.forS / 2) shownUs += hourUs;
        break;
      case "offset":
        shownUs += Math.round(fault.byS * 1e6);
        break;
    }
  }
  return shownUs;
}
