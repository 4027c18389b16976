/**
 * How an alarm of a machine's own becomes one of the gateway's: what the machine says of it (an OPC UA condition, OPC
 * 10000-9) is brought about by the moves that every alarm makes, so that its story reads like that of any other. Pure.
 *
 * The machine owns its alarm (field practice 32): whether it holds, is acknowledged, or still waits for something. What the
 * machine keeps from its own people - suppressed, shelved there, out of service there - is suppressed here. What people at the
 * gateway shelve or take out of service is a cover of the gateway; where the machine has it too, it is one cover, not two.
 */
import { isCovered, stateOf, type AlarmHappening, type AlarmLife } from "./life.ts";

/** What counts of all that a machine says of one of its alarms. */
export interface MachineState {
  /** It is active; of conditions without such a state (OPC 10000-9, 5.7), it is still of interest. */
  readonly holds: boolean;
  /** Undefined where the machine knows no acknowledging, or knows the alarm no longer: then it is done here alone. */
  readonly acknowledged: boolean | undefined;
  /** It has gone, and still waits there: for a reset (LatchedState) or to be confirmed (ConfirmedState). */
  readonly waits: boolean;
  /** The machine keeps it from its own people. */
  readonly suppressed: boolean;
}

/** As an OPC UA server says it; what its type does not have is undefined. */
export interface ConditionFacts {
  /** Of interest (OPC 10000-9, 5.5.2). */
  readonly retain: boolean;
  readonly enabled: boolean | undefined;
  readonly active: boolean | undefined;
  readonly acked: boolean | undefined;
  readonly confirmed: boolean | undefined;
  readonly latched: boolean | undefined;
  readonly suppressed: boolean | undefined;
  readonly outOfService: boolean | undefined;
  readonly shelved: boolean | undefined;
}

/** Covers of the gateway's own. */
export interface OwnCovers {
  readonly shelved: boolean;
  readonly outOfService: boolean;
}

const uncovered: OwnCovers = { shelved: false, outOfService: false };

/**
 * An alarm that its machine calls active holds, whatever it says of being of interest: some servers take that back with the
 * acknowledgement, and acknowledging never hides an active alarm (ux-guide 5). A disabled one is gone.
 *
 * @param own what covers it here already
 */
export function toMachineState(facts: ConditionFacts, own: OwnCovers = uncovered): MachineState {
  const { shelved, outOfService } = facts;
  const { retain, enabled, active, acked, confirmed, latched } = facts;
  const isOn = enabled !== false;
  const holds = isOn && (active ?? retain);
  return {
    holds,
    acknowledged: acked,
    waits: isOn && retain && !holds && (latched === true || confirmed === false),
    suppressed:
      isOn &&
      (facts.suppressed === true ||
        (outOfService === true && !own.outOfService) ||
        (shelved === true && !own.shelved)),
  };
}

/** After all that still holds was asked for, the machine did not name it. Whoever has not seen it here still shall. */
export const goneAtMachine: MachineState = {
  holds: false,
  acknowledged: undefined,
  waits: false,
  suppressed: false,
};

/** The states an uncovered alarm can be in. */
type Core = "normal" | "unacknowledged" | "acknowledged" | "returned" | "latched";

/**
 * The first step from what is here to what the machine says; the others follow from where it leads. Two ways lead over a new
 * occurrence: of what was acknowledged and is not any more, and of what came again after it had gone.
 */
const firstSteps: Readonly<Record<Core, Readonly<Partial<Record<Core, AlarmHappening>>>>> = {
  normal: {
    unacknowledged: "raise",
    acknowledged: "raise",
    returned: "raise",
    latched: "raise",
  },
  unacknowledged: {
    normal: "acknowledge",
    acknowledged: "acknowledge",
    returned: "clear",
    latched: "acknowledge",
  },
  acknowledged: {
    normal: "clear",
    unacknowledged: "clear",
    returned: "clear",
    latched: "clear",
  },
  returned: {
    normal: "acknowledge",
    unacknowledged: "raise",
    acknowledged: "raise",
    latched: "acknowledge",
  },
  latched: {
    normal: "reset",
    unacknowledged: "raise",
    acknowledged: "raise",
    returned: "raise",
  },
};

export interface MirrorStep {
  readonly happening: AlarmHappening;
  /** For `stepLife`: without its condition the alarm still waits. */
  readonly latching: boolean;
}

/** At most so many steps lead from any state to any other; a test walks them all. */
export const mirrorStepsMax = 6;

/** What has to happen next for the alarm to be as the machine says; undefined when it is. */
export function nextMirrorStep(life: AlarmLife, machine: MachineState): MirrorStep | undefined {
  const step = (happening: AlarmHappening, latching = false): MirrorStep => ({
    happening,
    latching,
  });
  // Covered before it is raised, so that it is never seen, not even for a moment; uncovered after all else is so.
  if (machine.suppressed && !life.suppressed) return step("suppress");
  const state = stateOf(life);
  if (isCovered(state)) {
    if (machine.holds !== life.holds) return step(machine.holds ? "raise" : "clear");
    return life.suppressed && !machine.suppressed ? step("unsuppress") : undefined;
  }
  const from = state as Core;
  const to = coreOf(from, machine);
  const happening = firstSteps[from][to];
  // Whether it waits for a reset is said anew each time, so a raising trips nothing.
  const latching = to === "latched" && happening !== "raise";
  return happening === undefined ? undefined : step(happening, latching);
}

/** Where an uncovered alarm belongs. What the machine does not say of acknowledging stays as it is here. */
function coreOf(from: Core, { holds, acknowledged, waits }: MachineState): Core {
  const isAcknowledged = acknowledged ?? (from === "acknowledged" || from === "latched");
  if (holds) return isAcknowledged ? "acknowledged" : "unacknowledged";
  if (acknowledged === undefined) {
    return from === "unacknowledged" || from === "returned" ? "returned" : "normal";
  }
  if (!acknowledged) return "returned";
  return waits ? "latched" : "normal";
}
