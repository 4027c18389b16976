/** Methods of conditions (OPC 10000-9, 5.5 to 5.8), called as the standard's types have them. */
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
  "take-out-of-service": "i=17869",
  "return-to-service": "i=17870",
  // Of ShelvedStateMachineType (5.8.17): TimedShelve, OneShotShelve and Unshelve.
  shelve: "i=2949",
  "shelve-until-clear": "i=2948",
  unshelve: "i=2947",
};
/** HasComponent (OPC 10000-5, 11.7), by which a condition has its ShelvingState. */
const hasComponent = "i=47";

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
  BadNotImplemented: "it does not offer this for its alarms",
  BadNotSupported: "it does not offer this for its alarms",
  BadNodeIdUnknown: "it does not know this alarm any more",
  BadConditionDisabled: "the alarm is disabled there",
  BadConditionAlreadyShelved: "it is shelved there already, and keeps its time",
  BadShelvingTimeOutOfRange: "it does not shelve for so long",
};

/** It is so already: somebody else was faster. */
const done = new Set([
  "Good",
  "BadConditionBranchAlreadyAcked",
  "BadConditionBranchAlreadyConfirmed",
  "BadConditionNotShelved",
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
  try {
    const called = callAct(library, session, objectId, act);
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

async function callAct(
  library: Library,
  session: Session,
  condition: string,
  act: ConditionAct,
): Promise<string> {
  const { DataType } = library;
  const method = actMethods[act.act];
  switch (act.act) {
    case "acknowledge":
    case "confirm":
      return call(library, session, condition, method, [
        { dataType: DataType.ByteString, value: Buffer.from(act.eventId, "hex") },
        { dataType: DataType.LocalizedText, value: { text: act.comment } },
      ]);
    case "shelve":
      return call(library, session, await shelvingOf(library, session, condition), method, [
        { dataType: DataType.Double, value: act.forMs },
      ]);
    case "shelve-until-clear":
    case "unshelve":
      return call(library, session, await shelvingOf(library, session, condition), method, []);
    case "reset":
    case "take-out-of-service":
    case "return-to-service":
      return call(library, session, condition, method, []);
  }
}

/**
 * Where shelving is asked for: the condition's own ShelvingState, or the condition itself of a server that does not show its
 * conditions as nodes (OPC 10000-9, 5.8.17.4).
 */
async function shelvingOf(library: Library, session: Session, condition: string): Promise<string> {
  const answer = await session.call(
    new library.TranslateBrowsePathsToNodeIdsRequest({
      browsePaths: [
        {
          startingNode: library.coerceNodeId(condition),
          relativePath: {
            elements: [
              {
                referenceTypeId: library.coerceNodeId(hasComponent),
                isInverse: false,
                includeSubtypes: true,
                targetName: { namespaceIndex: 0, name: "ShelvingState" },
              },
            ],
          },
        },
      ],
    }),
    library.TranslateBrowsePathsToNodeIdsResponse,
  );
  return answer.results?.[0]?.targets?.[0]?.targetId.toString() ?? condition;
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
