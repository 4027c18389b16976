/**
 * The requests of one interval, and what was learned from the device's refusals: a register that refuses is asked alone
 * and rarely, so that the others stay good (field practice 38). Pure.
 */
import { type StatusCode } from "@millwright/wire-contract";

import type { ModbusPoint, Table } from "./addresses.ts";
import type { Verdict } from "./blame.ts";
import { compileDecoder, type AnswerDecoder, type ScaleBook } from "./columns.ts";
import { meaningOf } from "./exceptions.ts";
import { readQuestion, type Question } from "./pdu.ts";
import {
  groupRequests,
  readFunctionOf,
  withoutAtoms,
  type Atom,
  type GroupLimits,
  type Learned,
  type ReadRequest,
} from "./requests.ts";

/** A request ready to be asked. */
export interface PlannedRead {
  readonly request: ReadRequest;
  readonly question: Question;
  readonly decode: AnswerDecoder;
  readonly points: readonly number[];
}

/** A value that the device refuses. */
export interface Guilty {
  readonly read: PlannedRead;
  readonly status: StatusCode;
  triedMs: number;
}

/**
 * A refused value is tried again after so long, ms, and at most one in a round: a controller that was loaded anew may
 * have the register now, and a line with a hundred wrong addresses must not spend its time on them.
 */
export const tryAgainMs = 60_000;

export class ReadPlan {
  readonly #limits: GroupLimits;
  readonly #scales: ScaleBook;
  #points: readonly ModbusPoint[];
  readonly #learned = new Map<string, { countMax?: number; refused: Set<number> }>();
  #reads: readonly PlannedRead[] = [];
  #guilty: Guilty[] = [];

  constructor(points: readonly ModbusPoint[], limits: GroupLimits, scales: ScaleBook) {
    this.#points = points;
    this.#limits = limits;
    this.#scales = scales;
    this.#group();
  }

  get reads(): readonly PlannedRead[] {
    return this.#reads;
  }

  get guilty(): readonly Guilty[] {
    return this.#guilty;
  }

  /** The guilty one whose turn it is to be tried again, if there is one. */
  toTryAgain(nowMs: number): Guilty | undefined {
    return this.#guilty.find((one) => nowMs - one.triedMs >= tryAgainMs);
  }

  /** Prepares any request. */
  planned(request: ReadRequest): PlannedRead {
    return {
      request: withoutAtoms(request),
      question: readQuestion(
        request.unit,
        readFunctionOf(request.table),
        request.address,
        request.count,
      ),
      decode: compileDecoder(request, this.#scales),
      points: request.atoms.flatMap((atom) => atom.points.map((point) => point.index)),
    };
  }

  /** The device refused these atoms of `request` each by itself. */
  condemn(request: ReadRequest, verdict: Verdict, nowMs: number): void {
    const learned = this.#learnedOf(request.unit, request.table);
    if (verdict.countMax !== undefined) learned.countMax = verdict.countMax;
    for (const gap of verdict.gaps) learned.refused.add(gap);
    const gone = new Set<ModbusPoint>();
    for (const { atom, code } of verdict.guilty) {
      const meaning = meaningOf(code);
      for (const address of addressesOf(atom)) learned.refused.add(address);
      for (const point of atom.points) gone.add(point);
      const alone = { ...request, address: atom.address, count: atom.count, atoms: [atom] };
      this.#guilty.push({
        read: this.planned(alone),
        status: meaning.kind === "blame" ? meaning.status : 0x8001_0000,
        triedMs: nowMs,
      });
    }
    this.#points = this.#points.filter((point) => !gone.has(point));
    this.#group();
  }

  /** The device answers for it now. */
  pardon(guilty: Guilty): void {
    this.#guilty = this.#guilty.filter((other) => other !== guilty);
    const { request } = guilty.read;
    const learned = this.#learnedOf(request.unit, request.table);
    for (const atom of request.atoms) {
      for (const address of addressesOf(atom)) learned.refused.delete(address);
    }
    this.#points = [...this.#points, ...request.atoms.flatMap((atom) => atom.points)];
    this.#group();
  }

  #learnedOf(unit: number, table: Table): { countMax?: number; refused: Set<number> } {
    const key = `${unit} ${table}`;
    let learned = this.#learned.get(key);
    if (learned === undefined) {
      learned = { refused: new Set() };
      this.#learned.set(key, learned);
    }
    return learned;
  }

  #group(): void {
    const known = (unit: number, table: Table): Learned =>
      this.#learned.get(`${unit} ${table}`) ?? {};
    this.#reads = groupRequests(this.#points, this.#limits, known).map((request) =>
      this.planned(request),
    );
  }
}

function addressesOf(atom: Atom): number[] {
  return Array.from({ length: atom.count }, (_, index) => atom.address + index);
}
