/** Minutes and hours of tags as their gateway reckons them from all of its samples: statements about samples, and never samples. */
import type { Refused } from "@millwright/kit";
import { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
import * as protobuf from "./protobuf.ts";
import { refuseMalformed } from "./refuse.ts";

/** Body of an `aggregates` frame. Each tag in it is told whole: all minutes of its hour, or all hours of its day. */
export interface AggregatesBody {
  /** Hours since 1970, UTC; where hours are told, that with which their day begins. */
  readonly hour: number;
  /**
   * Rises with what the gateway knew when it reckoned. Of two statements about a minute the one about more samples counts,
   * and of two about as many the one with the higher revision: they may come twice and in any order.
   */
  readonly revision: number;
  /** As `@millwright/aggregates` writes and reads them (docs/wire-format.md, 5). */
  readonly minutes: Uint8Array;
  /** In the place of minutes, which are empty then: a reader that knows no hours takes it for a frame that it cannot decode. */
  readonly hours?: Uint8Array;
}

const hoursPerDay = 24;

/** Year 2262, as far as tiers on the gateway reach. */
const hourMax = 2 ** 22;

export function encodeAggregates({ hour, revision, minutes, hours }: AggregatesBody): Uint8Array {
  const out = new ByteWriter(Math.max(minutes.length, hours?.length ?? 0) + 32);
  protobuf.uintField(out, 1, hour);
  protobuf.uintField(out, 2, revision);
  if (hours === undefined) protobuf.blockField(out, 3, minutes);
  else protobuf.blockField(out, 4, hours);
  return out.copy();
}

export function decodeAggregates(body: Uint8Array): AggregatesBody | Refused {
  return refuseMalformed("aggregates", () => {
    let hour = 0;
    let revision = 0;
    let minutes: Uint8Array = new Uint8Array(0);
    let hours: Uint8Array | undefined;
    protobuf.readFields(new ByteReader(body), (field, value) => {
      if (field === 1) hour = value.uint();
      else if (field === 2) revision = value.uint();
      else if (field === 3) minutes = value.block();
      else if (field === 4) hours = value.block();
    });
    if (hour >= hourMax) throw new Malformed(`hour ${hour} is not one of a plant`);
    if (revision === 0) throw new Malformed("it has no revision");
    if (hours === undefined) return { hour, revision, minutes };
    if (hour % hoursPerDay !== 0) throw new Malformed("its hours do not begin with a day");
    return { hour, revision, minutes, hours };
  });
}
