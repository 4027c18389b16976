import type { Decoding, ModbusPoint, Table } from "./addresses.ts";

/** What a point says that thousands of its neighbours say, too. */
type PointKind = Omit<ModbusPoint, "index" | "tag" | "address">;

/**
 * A point as a conversation keeps it, for as long as it lasts: half the memory of one that holds everything by itself, and
 * a gateway may have 100,000 (`bench growth`).
 */
export class KeptPoint implements ModbusPoint {
  readonly index: number;
  readonly tag: string;
  readonly address: number;
  readonly kind: PointKind;

  constructor({ index, tag, address }: ModbusPoint, kind: PointKind) {
    this.index = index;
    this.tag = tag;
    this.address = address;
    this.kind = kind;
  }

  get unit(): number {
    return this.kind.unit;
  }

  get table(): Table {
    return this.kind.table;
  }

  get count(): number {
    return this.kind.count;
  }

  get decoding(): Decoding {
    return this.kind.decoding;
  }

  get everyMs(): number {
    return this.kind.everyMs;
  }

  get together(): string | undefined {
    return this.kind.together;
  }

  get scaleRegister(): number | undefined {
    return this.kind.scaleRegister;
  }
}
