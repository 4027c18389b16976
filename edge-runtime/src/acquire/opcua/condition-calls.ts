/** Methods of conditions (OPC 10000-9, 5.5.7 and 5.7.3), called as the standard's types have them. */
import { race, type Refused } from "@millwright/kit";
import type { WriteOutcome } from "@millwright/wire-contract";

import type { ConditionAct } from "../machine-condition.ts";
import { isAborted } from "./aborted.ts";
import { nodeIdText, parseAddress } from "./addresses.ts";
import { ServiceFailure } from "./faults.ts";
import type { Library, opcua } from "./library.ts";
import type { Session } from "./session.ts";

/** Numeric ids of the standard's own nodes (OPC 10000-6, A.3). */
const conditionType = "i=2782";
const refreshMethod = "i=3875";
const actMethods: Readonly<Record<ConditionAct["act"], string>> = {
  acknowledge: "i=9111",
  confirm: "i=9113",
  reset: "i=18199",
};

/** Asks for all conditions of interest anew; they come as events. @returns the name of the status, "Good" when they will come */
export async function refreshConditions(
  library: Library,
  session: Session,
  subscriptionId: number,
): Promise<string> {
  const { DataType } = library;
  try {
    return await call(library, session, conditionType, refreshMethod, [
      { dataType: DataType.UInt32, value: subscriptionId },
    ]);
  } catch (failure) {
    if (failure instanceof ServiceFailure) return failure.status;
    throw failure;
  }
}

/** What a person is told; of others the name of the status is all that is known. */
const words: Readonly<Record<string, string>> = {
  BadEventIdUnknown:
    "it has said something newer of this alarm; look at the alarm once more, then try again",
  BadUserAccessDenied: "it does not allow this gateway's user to do so",
  BadMethodInvalid: "it does not offer this for its alarms",
  BadNodeIdUnknown: "it does not know this alarm any more",
  BadConditionDisabled: "the alarm is disabled there",
};

/** It is so already: somebody else was faster. */
const done = new Set([
  "Good",
  "BadConditionBranchAlreadyAcked",
  "BadConditionBranchAlreadyConfirmed",
]);

/** Is sent once: what is not answered in time is unknown, and nobody sends it again by himself (field practice 33). */
export async function actOnCondition(
  library: Library,
  session: Session,
  namespaces: readonly string[],
  act: ConditionAct,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  if (session.channel.lost !== undefined || signal.aborted) {
    return refused("there is no link to it");
  }
  const address = parseAddress(act.condition);
  const objectId =
    address.kind === "node" ? nodeIdText(address, namespaces) : /* a path is no id */ undefined;
  if (objectId === undefined) return refused("it does not know this alarm any more");
  const { DataType } = library;
  const inputs: opcua.VariantOptions[] =
    act.act === "reset"
      ? []
      : [
          { dataType: DataType.ByteString, value: Buffer.from(act.eventId, "hex") },
          { dataType: DataType.LocalizedText, value: { text: act.comment } },
        ];
  try {
    const called = call(library, session, objectId, actMethods[act.act], inputs);
    const status = await race(called, signal);
    return done.has(status) ? { kind: "accepted" } : refused(words[status] ?? `it says ${status}`);
  } catch (failure) {
    if (failure instanceof ServiceFailure) {
      return refused(words[failure.status] ?? `it says ${failure.status}`);
    }
    const why = isAborted(signal) ? "it took too long" : "the link went down before it answered";
    return { kind: "unknown", reason: why };
  }
}

async function call(
  library: Library,
  session: Session,
  objectId: string,
  methodId: string,
  inputArguments: opcua.VariantOptions[],
): Promise<string> {
  const answer = await session.call(
    new library.CallRequest({
      methodsToCall: [
        {
          objectId: library.coerceNodeId(objectId),
          methodId: library.coerceNodeId(methodId),
          inputArguments,
        },
      ],
    }),
    library.CallResponse,
  );
  return answer.results?.[0]?.statusCode.name ?? "BadUnexpectedError";
}

function refused(reason: string): Refused {
  return { kind: "refused", reason };
}
