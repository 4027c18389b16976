import type { Refused } from "@millwright/kit";
import { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
import type { Dictionary } from "./dictionary.ts";
import type { SampleColumns } from "./frame.ts";
import { refuseMalformed } from "./refuse.ts";
import type { Scalar } from "./scalar.ts";
import { ScalarReader, ScalarWriter } from "./scalar-codec.ts";

/** Body of a `samples` frame. */
export function encodeSamples(columns: SampleColumns, dictionary: Dictionary): Uint8Array {
  if (columns.tag.slice(0, columns.count).some((tag) => dictionary.byIndex(tag) === undefined)) {
    throw new Error("a sample has a tag that its dictionary does not know");
  }
  const out = new ByteWriter(64 + columns.count * 24);
  out.varint(columns.count);
  for (let row = 0; row < columns.count; row++) {
    out.varint(columns.tag[row] ?? 0);
    out.float64(columns.measuredUs[row] ?? 0);
    out.float64(columns.value[row] ?? 0);
    out.varint(columns.status[row] ?? 0);
  }
  const side = [...(columns.wide ?? [])];
  out.varint(side.length);
  const scalars = new ScalarWriter(out);
  for (const [row, value] of side) {
    out.varint(row);
    scalars.write(value);
  }
  return out.copy();
}

export function decodeSamples(body: Uint8Array, dictionary: Dictionary): SampleColumns | Refused {
  return refuseMalformed("samples", () => {
    const input = new ByteReader(body);
    const count = input.varint();
    if (count * 18 > body.length) throw new Malformed("it has fewer rows than it says");
    const tag = new Int32Array(count);
    const measuredUs = new Float64Array(count);
    const value = new Float64Array(count);
    const status = new Uint32Array(count);
    for (let row = 0; row < count; row++) {
      tag[row] = input.varint();
      if (dictionary.byIndex(tag[row] ?? 0) === undefined) throw new Malformed("unknown tag");
      measuredUs[row] = input.float64();
      value[row] = input.float64();
      status[row] = input.varint();
    }
    const wide = new Map<number, Scalar>();
    const scalars = new ScalarReader(input);
    for (let left = input.varint(); left > 0; left--) wide.set(input.varint(), scalars.read());
    const columns = { count, tag, measuredUs, value, status };
    return wide.size === 0 ? columns : { ...columns, wide };
  });
}
