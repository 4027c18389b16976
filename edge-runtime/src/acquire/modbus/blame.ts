/**
 * Finds out which register a device refuses (field practice 38). Pure: a case is opened when a request of several values
 * was refused, hands out smaller requests, is told how they went, and ends with a verdict. Values and sets are never
 * taken apart: where one of their registers is refused, the whole is guilty.
 */
import { requestFor, type Atom, type ReadRequest } from "./requests.ts";

export interface Verdict {
  /** Refused alone. */
  readonly guilty: readonly { readonly atom: Atom; readonly code: number }[];
  /** The size was the trouble: no request may be larger. */
  readonly countMax?: number;
  /** Nobody asked for these, and they refuse: do not read over them. */
  readonly gaps: readonly number[];
}

/** True for exceptions that a smaller question may avoid: illegal address, illegal value ("too many"). */
export function canBlame(code: number, request: ReadRequest): boolean {
  return (code === 2 || code === 3) && request.atoms.length > 1;
}

export class BlameCase {
  readonly #root: ReadRequest;
  readonly #code: number;
  readonly #guilty: { atom: Atom; code: number }[] = [];
  #open = 1;
  #countMax = 0;
  #clear = true;

  constructor(root: ReadRequest, code: number) {
    this.#root = root;
    this.#code = code;
  }

  /** Every piece has an outcome. At most 2 n − 1 pieces for n values, because each refusal halves. */
  get over(): boolean {
    return this.#open === 0;
  }

  /** The device refused `piece` (first of all the root). Returns what to ask next; nothing when the guilty is found. */
  refused(piece: ReadRequest, code: number): readonly ReadRequest[] {
    this.#open--;
    if (!canBlame(code, piece)) {
      for (const atom of piece.atoms) this.#guilty.push({ atom, code });
      return [];
    }
    const middle = Math.ceil(piece.atoms.length / 2);
    const halves = [piece.atoms.slice(0, middle), piece.atoms.slice(middle)];
    this.#open += halves.length;
    return halves.map((atoms) => requestFor(this.#root, atoms));
  }

  answered(piece: ReadRequest): void {
    this.#open--;
    this.#countMax = Math.max(this.#countMax, piece.count);
  }

  /** No word from the device: nothing can be concluded this time. */
  unclear(): void {
    this.#open--;
    this.#clear = false;
  }

  /** Nothing when some piece stayed without a word; the next poll finds the same refusal again. */
  verdict(): Verdict | undefined {
    if (!this.over || !this.#clear) return undefined;
    if (this.#guilty.length > 0) return { guilty: this.#guilty, gaps: [] };
    // Every value is readable by itself. Then it was the size (3), or what lies between the values (2).
    if (this.#code === 3) return { guilty: [], gaps: [], countMax: this.#countMax };
    return { guilty: [], gaps: gapsOf(this.#root) };
  }
}

function gapsOf(request: ReadRequest): number[] {
  const covered = new Set<number>();
  for (const atom of request.atoms) {
    for (let address = atom.address; address < atom.address + atom.count; address++) {
      covered.add(address);
    }
  }
  const gaps: number[] = [];
  for (let address = request.address; address < request.address + request.count; address++) {
    if (!covered.has(address)) gaps.push(address);
  }
  return gaps;
}
