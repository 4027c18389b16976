/**
 * The life of an edge node on the wire: what must be said in which order, and with which number. Pure. Births come first,
 * every message after NBIRTH has the next number, and nothing is said of a device that is not born (Sparkplug 3.0, 6.4).
 */

export interface NodeCycle {
  /** Of the connection: its will and its births carry the same one. */
  readonly bdSeq: number;
  /** Number of the message that was sent last; undefined before the birth. */
  readonly seq: number | undefined;
  /** Devices with a running birth. */
  readonly born: ReadonlySet<string>;
}

export type Said =
  | { readonly kind: "NBIRTH"; readonly seq: 0; readonly bdSeq: number }
  | { readonly kind: "DBIRTH" | "DDATA" | "DDEATH"; readonly seq: number; readonly device: string };

export interface CycleStep {
  readonly cycle: NodeCycle;
  /** In this order. */
  readonly say: readonly Said[];
}

/** A new connection, nothing said yet. @param bdSeq of the connection before; undefined for the first of all */
export function connectedAgain(bdSeq: number | undefined): NodeCycle {
  return { bdSeq: bdSeq === undefined ? 0 : (bdSeq + 1) % 256, seq: undefined, born: new Set() };
}

/** The node and these devices are born, for the first time or once more: with the same bdSeq and with numbers from 0. */
export function beBorn(cycle: NodeCycle, devices: Iterable<string>): CycleStep {
  const { bdSeq } = cycle;
  const begun: CycleStep = {
    cycle: { bdSeq, seq: 0, born: new Set() },
    say: [{ kind: "NBIRTH", seq: 0, bdSeq }],
  };
  let step = begun;
  for (const device of devices) step = then(step, bearDevice(step.cycle, device));
  return step;
}

/** Data of a device, after its birth where it is not born. Nothing is said before the node is born. */
export function tellData(cycle: NodeCycle, device: string): CycleStep {
  if (cycle.seq === undefined) return { cycle, say: [] };
  const born = bearDevice(cycle, device);
  return then(born, saying(born.cycle, "DDATA", device));
}

export function bearDevice(cycle: NodeCycle, device: string): CycleStep {
  if (cycle.seq === undefined || cycle.born.has(device)) return { cycle, say: [] };
  const step = saying(cycle, "DBIRTH", device);
  return { ...step, cycle: { ...step.cycle, born: new Set([...cycle.born, device]) } };
}

export function endDevice(cycle: NodeCycle, device: string): CycleStep {
  if (cycle.seq === undefined || !cycle.born.has(device)) return { cycle, say: [] };
  const step = saying(cycle, "DDEATH", device);
  const born = new Set(cycle.born);
  born.delete(device);
  return { ...step, cycle: { ...step.cycle, born } };
}

function saying(cycle: NodeCycle, kind: "DBIRTH" | "DDATA" | "DDEATH", device: string): CycleStep {
  const seq = ((cycle.seq ?? 0) + 1) % 256;
  return { cycle: { ...cycle, seq }, say: [{ kind, seq, device }] };
}

function then(first: CycleStep, second: CycleStep): CycleStep {
  return { cycle: second.cycle, say: [...first.say, ...second.say] };
}
