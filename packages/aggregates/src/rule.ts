import { isWide, type TagDefinition, type TagKind } from "@millwright/wire-contract";

/** How the samples of one tag become buckets. Made of its definition, so that gateway and hub make the same buckets. */
export interface RollupRule {
  readonly kind: TagKind;
  /** Values travel as scalars: 64-bit integers, text, bytes. */
  readonly wide: boolean;
  /**
   * How long a value holds without another sample, µs. 0: it does not hold (an event value). Infinity: until the next
   * sample or gap.
   */
  readonly holdUs: number;
  /** Of a counter: the step at its end, in the tag's unit; Infinity when it has none or nobody knows. */
  readonly modulus: number;
}

/**
 * A value that was missed three times does not hold any more; the screens call it stale at the same moment. One lost
 * answer of a device is no gap in a curve.
 */
const proofsMissed = 3;

/** @param tag what its dictionary says */
export function ruleOf(
  tag: Pick<TagDefinition, "kind" | "type" | "expectedMs" | "scale">,
): RollupRule {
  return {
    kind: tag.kind,
    wide: isWide(tag.type),
    holdUs: holdOf(tag),
    modulus: modulusOf(tag),
  };
}

function holdOf({ kind, expectedMs }: Pick<TagDefinition, "kind" | "expectedMs">): number {
  switch (kind) {
    case "event-value":
      return 0;
    case "measurement":
    case "counter":
      return proofsMissed * expectedMs * 1_000;
    // Said once and true until something else is said; the ledger says when nobody listened.
    case "state":
    case "setpoint":
    case "text":
      return Infinity;
  }
}

const unsignedBits: Partial<Record<TagDefinition["type"], number>> = {
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
};

/** Unsigned integers go over their end; what a device counts in other types has an end that only its maker knows. */
function modulusOf({ type, scale }: Pick<TagDefinition, "type" | "scale">): number {
  const bits = unsignedBits[type];
  return bits === undefined ? Infinity : 2 ** bits * Math.abs(scale);
}
