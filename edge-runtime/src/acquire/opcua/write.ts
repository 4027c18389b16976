import { race } from "@millwright/kit";
import type { Scalar, WriteOutcome } from "@millwright/wire-contract";

import { ServiceFailure } from "./faults.ts";
import type { Library, opcua } from "./library.ts";
import { readValues } from "./server-facts.ts";
import type { Session } from "./session.ts";
import { toVariant } from "./values.ts";

/**
 * Writes one value in the type that the node has now. A refused and an unconfirmed write are two words
 * (field practice 70).
 */
export async function writeValue(
  library: Library,
  session: Session,
  nodeId: opcua.NodeId,
  value: Scalar,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  if (session.channel.lost !== undefined || signal.aborted) {
    return { kind: "refused", reason: "there is no link to the device" };
  }
  let sent = false;
  try {
    const [present] = await race(readValues(library, session, [nodeId], 1, "read"), signal);
    const now = present?.value;
    if (now !== undefined && (now.arrayType as number) !== 0) {
      return { kind: "refused", reason: "arrays cannot be written" };
    }
    if (present !== undefined && present.statusCode.value >>> 30 >= 2) {
      // Without its present value we do not know the node's type.
      return { kind: "refused", reason: `the device says ${present.statusCode.name}` };
    }
    if (now === undefined || (now.dataType as number) === 0) {
      return { kind: "refused", reason: "the device does not say the type of this address" };
    }
    const variant = toVariant(value, now.dataType);
    if ("kind" in variant) return variant;
    sent = true;
    const answer = await race(
      session.call(
        new library.WriteRequest({
          nodesToWrite: [
            {
              nodeId,
              attributeId: library.AttributeIds.Value,
              value: {
                value: {
                  dataType: now.dataType,
                  arrayType: library.VariantArrayType.Scalar,
                  value: variant.value,
                },
              },
            },
          ],
        }),
        library.WriteResponse,
      ),
      signal,
    );
    const result = answer.results?.[0];
    if (result === undefined) return { kind: "unknown", reason: "the device gave an empty answer" };
    if (result.value >>> 30 >= 2)
      return { kind: "refused", reason: `the device says ${result.name}` };
    return { kind: "accepted" };
  } catch (failure) {
    if (failure instanceof ServiceFailure) {
      return { kind: "refused", reason: `the device says ${failure.status}` };
    }
    return sent
      ? { kind: "unknown", reason: "the link went down before the device answered" }
      : { kind: "refused", reason: "the link went down before anything was written" };
  }
}
