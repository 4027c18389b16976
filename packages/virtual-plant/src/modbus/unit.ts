import type { PlantValue } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";
import { toRegisters, toValue } from "./registers.ts";
import { width, type ModbusPoint, type Table } from "./point-map.ts";

interface Bank {
  readonly words: Uint16Array;
  /** 1 + index of the point that a register belongs to; 0 where the device has nothing. */
  readonly owner: Uint16Array;
}

/** What the unit tells about its traffic. */
export interface UnitEvents {
  /** Names the server in counts. */
  readonly via: string;
  readonly nowUs: () => number;
  /** Point and value as handed to a client. */
  readonly served: (point: number, value: PlantValue) => void;
}

/**
 * One Modbus unit: the registers of one machine, kept up to date from its process image. Registers between points do
 * not exist and are refused (exception 2), as on real devices.
 */
export class ModbusUnit {
  readonly #image: ProcessImage;
  readonly #map: readonly ModbusPoint[];
  readonly #imageIndex: Int32Array;
  readonly #mapIndex: Int32Array;
  readonly #banks: Readonly<Record<Table, Bank>>;
  /** Points (in the image) that share a word with the point that owns it, by the owner's place in the map. */
  readonly #besides: ReadonlyMap<number, readonly number[]>;
  readonly #events: UnitEvents;

  constructor(image: ProcessImage, map: readonly ModbusPoint[], events: UnitEvents) {
    this.#image = image;
    this.#map = map;
    this.#events = events;
    this.#imageIndex = Int32Array.from(map, ({ path }) => image.indexOf(path));
    this.#mapIndex = new Int32Array(image.points.length).fill(-1);
    this.#imageIndex.forEach((index, at) => {
      if (index < 0) throw new Error(`${image.machine.id} has no point ${map[at]?.path ?? ""}`);
      this.#mapIndex[index] = at;
    });
    this.#besides = besides(map, this.#imageIndex);
    this.#banks = {
      coil: bankOf(map, "coil"),
      discrete: bankOf(map, "discrete"),
      input: bankOf(map, "input"),
      holding: bankOf(map, "holding"),
    };
    this.#refresh(image.points.map((_point, index) => index));
    image.onScan((points) => {
      this.#refresh(points);
    });
  }

  get image(): ProcessImage {
    return this.#image;
  }

  /** Registers or bits from `address` on; undefined when one of them does not exist. */
  read(table: Table, address: number, count: number): Uint16Array | undefined {
    const bank = this.#banks[table];
    if (!exists(bank, address, count)) return undefined;
    this.#countServed(bank, address, count);
    return bank.words.slice(address, address + count);
  }

  /** False when an address does not exist, may not be written, or the machine refuses the value. */
  write(
    table: "coil" | "holding",
    address: number,
    words: Uint16Array,
  ): "done" | "address" | "value" {
    const bank = this.#banks[table];
    if (!exists(bank, address, words.length)) return "address";
    const touched = new Set(bank.owner.subarray(address, address + words.length));
    for (const owner of touched) {
      const index = this.#imageIndex[owner - 1] ?? -1;
      if (this.#image.points[index]?.write === undefined) return "address";
    }
    const before = bank.words.slice(address, address + words.length);
    bank.words.set(words, address);
    for (const owner of touched) {
      if (this.#writePoint(bank, owner - 1)) continue;
      bank.words.set(before, address);
      return "value";
    }
    return "done";
  }

  /** What a write leaves in a register before it is masked (function 22). */
  peek(table: Table, address: number): number | undefined {
    const bank = this.#banks[table];
    return exists(bank, address, 1) ? bank.words[address] : undefined;
  }

  #writePoint(bank: Bank, at: number): boolean {
    const point = this.#map[at];
    if (point === undefined) return false;
    const words = bank.words.slice(point.address, point.address + width(point));
    const value = point.table === "coil" ? words[0] === 1 : toValue(point, words);
    if (value === undefined) return false;
    return this.#image.write(this.#imageIndex[at] ?? -1, value, this.#events.nowUs());
  }

  #refresh(points: readonly number[]): void {
    for (const index of points) this.#refreshPoint(index);
  }

  #refreshPoint(index: number): void {
    const at = this.#mapIndex[index] ?? -1;
    const point = this.#map[at];
    if (point === undefined) return;
    const bank = this.#banks[point.table];
    const good = this.#image.status[index] === 0;
    const value = good ? this.#image.values[index] : undefined;
    if (point.table === "coil" || point.table === "discrete") {
      bank.words[point.address] = value === true ? 1 : 0;
      return;
    }
    bank.words.set(toRegisters(point, value, bank.words[point.address] ?? 0), point.address);
  }

  #countServed(bank: Bank, address: number, count: number): void {
    let last = 0;
    for (let at = address; at < address + count; at++) {
      const owner = bank.owner[at] ?? 0;
      if (owner === last) continue;
      last = owner;
      const index = this.#imageIndex[owner - 1] ?? -1;
      if (index === this.#image.producedIndex) {
        this.#image.countServed(this.#events.via);
        this.#refreshPoint(index);
      }
      this.#events.served(index, this.#image.values[index] ?? 0);
      for (const other of this.#besides.get(owner - 1) ?? []) {
        this.#events.served(other, this.#image.values[other] ?? 0);
      }
    }
  }
}

function bankOf(map: readonly ModbusPoint[], table: Table): Bank {
  const mine = map.filter((point) => point.table === table);
  const size = mine.reduce((end, point) => Math.max(end, point.address + width(point)), 0);
  const bank: Bank = { words: new Uint16Array(size), owner: new Uint16Array(size) };
  map.forEach((point, index) => {
    if (point.table !== table) return;
    bank.owner.fill(index + 1, point.address, point.address + width(point));
  });
  return bank;
}

function exists(bank: Bank, address: number, count: number): boolean {
  if (address + count > bank.owner.length) return false;
  for (let at = address; at < address + count; at++) {
    if (bank.owner[at] === 0) return false;
  }
  return true;
}

/** The last point of a word owns it; the other bits of the word are found here. */
function besides(
  map: readonly ModbusPoint[],
  imageIndex: Int32Array,
): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, readonly number[]>();
  map.forEach((owner, at) => {
    if (owner.bit === undefined) return;
    const others = map.flatMap((other, index) => {
      const shares = other.table === owner.table && other.address === owner.address;
      return shares && index < at ? [imageIndex[index] ?? -1] : [];
    });
    found.set(at, others);
  });
  return found;
}
