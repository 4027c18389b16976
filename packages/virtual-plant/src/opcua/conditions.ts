/**
 * A machine's own alarms as OPC UA conditions (OPC 10000-9): active while the machine finds the fault, acknowledged by whoever
 * calls the method, of interest until it is both gone and acknowledged. One branch: a fault that comes again is the same alarm.
 */
import {
  DataType,
  EventNotifierFlags,
  StatusCodes,
  type AddressSpace,
  type BaseNode,
  type Namespace,
  type UAAlarmConditionEx,
  type UAMethod,
  type UAObject,
  type UAVariable,
  type Variant,
} from "node-opcua";

import type { MachineFault } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";

/** @returns what brings the conditions up to date after a scan; undefined for a machine without such alarms */
export function addConditions(
  addressSpace: AddressSpace,
  namespace: Namespace,
  image: ProcessImage,
  top: UAObject,
  variables: readonly UAVariable[],
): ((points: readonly number[]) => void) | undefined {
  const { faults = [] } = image.machine;
  if (faults.length === 0) return undefined;
  const server = addressSpace.rootFolder.objects.server;
  top.setEventNotifier(EventNotifierFlags.SubscribeToEvents);
  server.addReference({ referenceType: "HasEventSource", nodeId: top.nodeId });
  const conditions = faults.flatMap((fault) => {
    const point = image.indexOf(fault.point);
    const variable = variables[point];
    if (variable === undefined) return [];
    const condition = addCondition(namespace, top, variable, fault);
    return [{ fault, point, condition }];
  });
  return (points) => {
    for (const { fault, point, condition } of conditions) {
      if (!points.includes(point)) continue;
      const word = Number(image.values[point] ?? 0);
      bring(condition, fault, ((word >>> fault.bit) & 1) === 1);
    }
  };
}

function addCondition(
  namespace: Namespace,
  top: UAObject,
  variable: UAVariable,
  fault: MachineFault,
): UAAlarmConditionEx {
  const id = String(top.nodeId.value);
  const condition = namespace.instantiateAlarmCondition("AlarmConditionType", {
    browseName: fault.name,
    nodeId: `s=${id}.Alarms.${fault.name}`,
    componentOf: top,
    conditionSource: top,
    conditionOf: top,
    conditionName: fault.name,
    inputNode: variable,
    ...optionsOf(fault),
  });
  condition.currentBranch().setRetain(false);
  condition.on("acknowledged", () => {
    // The library takes the interest back with the acknowledgement, also while the fault lasts.
    if (condition.activeState.getValue()) condition.currentBranch().setRetain(true);
  });
  letShelve(condition, fault);
  letOutOfService(condition, fault);
  return condition;
}

const hourMs = 3_600_000;

function optionsOf({ shelveHoursMax }: MachineFault): {
  readonly optionals: string[];
  readonly maxTimeShelved?: number;
} {
  if (shelveHoursMax === undefined) return { optionals: [] };
  return {
    optionals: ["ShelvingState", ...["OutOfServiceState", "RemoveFromService", "PlaceInService"]],
    maxTimeShelved: shelveHoursMax * hourMs,
  };
}

/** What the library makes events of; it says nothing of it in its types. */
interface EventMaker {
  _constructEventData(): {
    _createValue(path: string, node: BaseNode, value: Variant): void;
  };
}

/**
 * The library moves the state and ends it in time, and tells nobody; and its events hold the variables of the condition
 * itself, while ShelvingState is an object beneath it.
 */
function letShelve(condition: UAAlarmConditionEx, fault: MachineFault): void {
  const { shelvingState } = condition;
  if (shelvingState === undefined) return;
  shelvingState.setState("Unshelved");
  const state = shelvingState.currentState;
  const maker = condition.currentBranch() as unknown as EventMaker;
  const make = maker._constructEventData.bind(maker);
  maker._constructEventData = () => {
    const data = make();
    data._createValue("ShelvingState.CurrentState.Id", state.id, state.id.readValue().value);
    return data;
  };
  // The id follows the state within the same turn.
  state.id.on("value_changed", () => {
    tell(condition, fault);
  });
}

/** The library has the types of the state and of its methods (OPC 10000-9, 5.8), and leaves both empty. */
function letOutOfService(condition: UAAlarmConditionEx, fault: MachineFault): void {
  const { outOfServiceState, removeFromService, placeInService } = condition;
  if (outOfServiceState === undefined) return;
  const set = (value: boolean): void => {
    const text = value ? "Out of Service" : "In Service";
    outOfServiceState.id.setValueFromSource({ dataType: DataType.Boolean, value });
    outOfServiceState.setValueFromSource({ dataType: DataType.LocalizedText, value: { text } });
  };
  const offer = (method: UAMethod | undefined, to: boolean): void => {
    method?.bindMethod((_inputs, _context, callback) => {
      set(to);
      tell(condition, fault);
      callback(null, { statusCode: StatusCodes.Good });
    });
  };
  set(false);
  offer(removeFromService, true);
  offer(placeInService, false);
}

function bring(condition: UAAlarmConditionEx, fault: MachineFault, on: boolean): void {
  if (condition.activeState.getValue() === on) return;
  const branch = condition.currentBranch();
  if (on) condition.activateAlarm();
  else {
    condition.deactivateAlarm(!branch.getAckedState());
    endOneShot(condition);
  }
  tell(condition, fault);
}

/** OPC 10000-9, 5.8.17: a one-shot shelf ends with its alarm. The library forgets that, and would end it after its longest time. */
function endOneShot({ shelvingState }: UAAlarmConditionEx): void {
  if (shelvingState?.getCurrentState() !== "OneShotShelved") return;
  clearTimeout(shelvingState._timer ?? undefined);
  shelvingState._timer = null;
  shelvingState.setState("Unshelved");
}

function tell(condition: UAAlarmConditionEx, { message, severity }: MachineFault): void {
  condition.raiseNewCondition({
    message,
    severity,
    quality: StatusCodes.Good,
    retain: condition.currentBranch().getRetain(),
  });
}
