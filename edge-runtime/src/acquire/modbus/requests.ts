/**
 * Groups what is to be read into requests (field practice 38, 39). Pure. Every point is covered by exactly one request;
 * no request passes a limit; no value and no set declared `together` is ever split, because the halves may belong to
 * different scans of the device.
 */
import type { ModbusPoint, Table } from "./addresses.ts";
import { isBitTable } from "./addresses.ts";

/** A run of registers that must come in one answer: a value, a set, or values that overlap. */
export interface Atom {
  readonly address: number;
  readonly count: number;
  readonly points: readonly ModbusPoint[];
  /** Scale-factor registers within the atom, beside the points. */
  readonly scales: readonly number[];
}

export interface ReadRequest {
  readonly unit: number;
  readonly table: Table;
  readonly address: number;
  readonly count: number;
  readonly atoms: readonly Atom[];
}

export interface GroupLimits {
  readonly registersMax: number;
  readonly coilsMax: number;
  readonly gapMax: number;
}

/** What was learned from a device's refusals: no request may cover these addresses unless a point lies on them. */
export interface Learned {
  /** A limit below the settings' one. */
  readonly countMax?: number;
  /** Addresses that refuse. */
  readonly refused?: ReadonlySet<number>;
}

/** The function code that reads a table (Modbus application protocol 1.1b3, 6.1 to 6.4). */
export function readFunctionOf(table: Table): 1 | 2 | 3 | 4 {
  switch (table) {
    case "coil":
      return 1;
    case "discrete":
      return 2;
    case "holding":
      return 3;
    case "input":
      return 4;
  }
}

/**
 * The same request without an object for each value: what its atoms are is found again from its points when a device
 * refuses it, which is rare, while 100,000 values are there always. From then on they are the same objects.
 */
export function withoutAtoms(request: ReadRequest): ReadRequest {
  const { unit, table, address, count, atoms: whole } = request;
  // Registers of scale factors belong to no point alone.
  if (whole.some(({ scales, points }) => scales.length > 0 || points.some(hasScale)))
    return request;
  const points = whole.flatMap((atom) => atom.points);
  let atoms: readonly Atom[] | undefined;
  return {
    ...{ unit, table, address, count },
    get atoms() {
      return (atoms ??= atomsOf(points, count));
    },
  };
}

function hasScale({ scaleRegister }: ModbusPoint): boolean {
  return scaleRegister !== undefined;
}

/** Groups points of any units and tables, in the order of unit, function and address. */
export function groupRequests(
  points: readonly ModbusPoint[],
  limits: GroupLimits,
  learned: (unit: number, table: Table) => Learned = () => ({}),
): readonly ReadRequest[] {
  const places = new Map<string, ModbusPoint[]>();
  for (const point of points) {
    const place = `${String(point.unit).padStart(3, "0")} ${readFunctionOf(point.table)}`;
    const there = places.get(place);
    if (there === undefined) places.set(place, [point]);
    else there.push(point);
  }
  return [...places.entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, there]) => {
      const [first] = there;
      if (first === undefined) return [];
      const known = learned(first.unit, first.table);
      const max = isBitTable(first.table) ? limits.coilsMax : limits.registersMax;
      return joinAtoms(
        first.unit,
        first.table,
        atomsOf(there, max),
        Math.min(max, known.countMax ?? max),
        limits.gapMax,
        known.refused ?? new Set(),
      );
    });
}

/** Says which `together` set cannot be kept together, in words, or nothing. */
export function checkTogether(
  points: readonly ModbusPoint[],
  limits: GroupLimits,
): string | undefined {
  const sets = new Map<string, ModbusPoint[]>();
  for (const point of points) {
    if (point.together === undefined) continue;
    sets.set(point.together, [...(sets.get(point.together) ?? []), point]);
  }
  for (const [name, members] of sets) {
    const [first] = members;
    if (first === undefined) continue;
    const odd = members.find((point) => point.unit !== first.unit || point.table !== first.table);
    if (odd !== undefined) {
      return `together "${name}": ${first.tag} and ${odd.tag} are of different units or tables, and one request reads one`;
    }
    if (members.some((point) => point.everyMs !== first.everyMs)) {
      return `together "${name}": its points are read at different intervals`;
    }
    const start = Math.min(...members.map((point) => point.address));
    const end = Math.max(...members.map((point) => point.address + point.count));
    const max = isBitTable(first.table) ? limits.coilsMax : limits.registersMax;
    if (end - start > max) {
      return `together "${name}" spans ${end - start}, and the device bears ${max} in one read`;
    }
  }
  return undefined;
}

/** Values, sets and scale registers, those of one set and those that overlap joined; sorted by address. */
function atomsOf(points: readonly ModbusPoint[], max: number): Atom[] {
  const raw = new Map<string, Atom>();
  for (const point of points) {
    const own: Atom = { address: point.address, count: point.count, points: [point], scales: [] };
    const key = point.together === undefined ? `point ${point.index}` : `set ${point.together}`;
    const there = raw.get(key);
    raw.set(key, there === undefined ? own : merge(there, own));
    if (point.scaleRegister !== undefined) {
      const scale = `scale ${point.scaleRegister}`;
      if (!raw.has(scale)) {
        raw.set(scale, {
          address: point.scaleRegister,
          count: 1,
          points: [],
          scales: [point.scaleRegister],
        });
      }
    }
  }
  const sorted = [...raw.values()].sort((one, other) => one.address - other.address);
  const atoms: Atom[] = [];
  for (const atom of sorted) {
    const before = atoms.at(-1);
    // Overlapping ones become one, so that each register is asked for once; unless the chain would pass the limit.
    if (before !== undefined && atom.address < before.address + before.count) {
      const joined = merge(before, atom);
      if (joined.count <= max) {
        atoms[atoms.length - 1] = joined;
        continue;
      }
    }
    atoms.push(atom);
  }
  return atoms;
}

function merge(one: Atom, other: Atom): Atom {
  const address = Math.min(one.address, other.address);
  const end = Math.max(one.address + one.count, other.address + other.count);
  return {
    address,
    count: end - address,
    points: [...one.points, ...other.points],
    scales: [...one.scales, ...other.scales],
  };
}

function joinAtoms(
  unit: number,
  table: Table,
  atoms: readonly Atom[],
  max: number,
  gapMax: number,
  refused: ReadonlySet<number>,
): ReadRequest[] {
  const requests: ReadRequest[] = [];
  let open: { address: number; end: number; atoms: Atom[] } | undefined;
  const close = (): void => {
    if (open === undefined) return;
    requests.push({
      unit,
      table,
      address: open.address,
      count: open.end - open.address,
      atoms: open.atoms,
    });
    open = undefined;
  };
  for (const atom of atoms) {
    const end = atom.address + atom.count;
    const joins =
      open !== undefined &&
      atom.address - open.end <= gapMax &&
      Math.max(open.end, end) - open.address <= max &&
      !bridges(refused, open.end, atom.address);
    if (!joins) close();
    open ??= { address: atom.address, end: atom.address, atoms: [] };
    open.end = Math.max(open.end, end);
    open.atoms.push(atom);
  }
  close();
  return requests;
}

/** True when a gap would cover an address that refuses. */
function bridges(refused: ReadonlySet<number>, from: number, to: number): boolean {
  for (let address = from; address < to; address++) if (refused.has(address)) return true;
  return false;
}

/** A request for some of the atoms of another, without the registers before the first and after the last. */
export function requestFor(whole: ReadRequest, atoms: readonly Atom[]): ReadRequest {
  const address = Math.min(...atoms.map((atom) => atom.address));
  const end = Math.max(...atoms.map((atom) => atom.address + atom.count));
  return { unit: whole.unit, table: whole.table, address, count: end - address, atoms };
}
