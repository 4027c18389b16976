/**
 * A machine's own alarms as OPC UA conditions (OPC 10000-9): active while the machine finds the fault, acknowledged by whoever
 * calls the method, of interest until it is both gone and acknowledged. One branch: a fault that comes again is the same alarm.
 */
import {
  EventNotifierFlags,
  StatusCodes,
  type AddressSpace,
  type Namespace,
  type UAAlarmConditionEx,
  type UAObject,
  type UAVariable,
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
    optionals: [],
  });
  condition.currentBranch().setRetain(false);
  condition.on("acknowledged", () => {
    // The library takes the interest back with the acknowledgement, also while the fault lasts.
    if (condition.activeState.getValue()) condition.currentBranch().setRetain(true);
  });
  return condition;
}

function bring(
  condition: UAAlarmConditionEx,
  { message, severity }: MachineFault,
  on: boolean,
): void {
  if (condition.activeState.getValue() === on) return;
  const branch = condition.currentBranch();
  if (on) condition.activateAlarm();
  else condition.deactivateAlarm(!branch.getAckedState());
  condition.raiseNewCondition({
    message,
    severity,
    quality: StatusCodes.Good,
    retain: branch.getRetain(),
  });
}
