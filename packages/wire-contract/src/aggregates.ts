/** Minutes of tags as their gateway reckons them from all of its samples: statements about samples, and never samples. */
import type { Refused } from "@millwright/kit";
import { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
import * as protobuf from "./protobuf.ts";
import { refuseMalformed } from "./refuse.ts";

/** Body of an `aggregates` frame. Each tag in it is told whole: all minutes of its hour. */
export interface AggregatesBody {
  /** Hours since 1970, UTC. */
  readonly hour: number;
  /**
   * Rises with what the gateway knew when it reckoned. Of two statements about a minute the one about more samples counts,
   * and of two about as many the one with the higher revision: they may come twice and in any order.
   */
  readonly revision: number;
  /** As `@millwright/aggregates` writes and reads them (docs/wire-format.md, 5). */
  readonly minutes: Uint8Array;
}

/** Year 2262, as far as tiers on the gateway reach. */
const hourMax = 2 ** 22;

export function encodeAggregates({ hour, revision, minutes }: AggregatesBody): Uint8Array {
  const out = new ByteWriter(minutes.length + 32);
  protobuf.uintField(out, 1, hour);
  protobuf.uintField(out, 2, revision);
  protobuf.blockField(out, 3, minutes);
  return out.copy();
}

export function decodeAggregates(body: Uint8Array): AggregatesBody | Refused {
  return refuseMalformed("aggregates", () => {
    let hour = 0;
    let revision = 0;
    let minutes: Uint8Array = new Uint8Array(0);
    protobuf.readFields(new ByteReader(body), (field, value) => {
      if (field === 1) hour = value.uint();
      else if (field === 2) revision = value.uint();
      else if (field === 3) minutes = value.block();
    });
    if (hour >= hourMax) throw new Malformed(`hour ${hour} is not one of a plant`);
    if (revision === 0) throw new Malformed("it has no revision");
    return { hour, revision, minutes };
  });
}
