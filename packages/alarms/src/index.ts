/** Alarms after ANSI/ISA-18.2-2016 and IEC 62682:2022, without a clock and without a disk: for the gateway, the hub and its pages. */
export { joinAcknowledgements, type Acknowledgement } from "./acknowledgement.ts";
export { countsAfter, countsAtMs, isBeyond, type LimitSide } from "./condition.ts";
export {
  floodsIn,
  isActivation,
  kpiAims,
  kpisOf,
  priorityShares,
  urgentShareMax,
  type AlarmKpis,
  type AlarmMoment,
  type KpiRange,
} from "./kpi.ts";
export {
  isActive,
  isCovered,
  moves,
  newLife,
  stateOf,
  stepLife,
  transitionOf,
  type AlarmHappening,
  type AlarmLife,
  type AlarmStep,
} from "./life.ts";
export {
  goneAtMachine,
  mirrorStepsMax,
  nextMirrorStep,
  toMachineState,
  type ConditionFacts,
  type MachineState,
  type OwnCovers,
  type MirrorStep,
} from "./mirror.ts";
export { compareAlarms, firstOuts } from "./order.ts";
export { FloodWatch, type Flood } from "./rate-window.ts";
export { ChatterWatch, isStanding } from "./repeaters.ts";
export { shelfOver, shelvedUntil, shelveHoursDefault, shelvingRefusal } from "./shelving.ts";
export { isTimeZone, shiftEndUs, type ShiftPlan } from "./shifts.ts";
