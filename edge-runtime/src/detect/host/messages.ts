/** What the gateway and its detect host say to each other. */
import { bytesOf, writeMessage, type Message } from "./frames.ts";

/** From the gateway to the host, and back. Zero is none of them, so that a pipe full of zeros is noticed. */
export const messageKinds = {
  load: 1,
  weights: 2,
  run: 3,
  ready: 4,
  loaded: 5,
  scored: 6,
  failed: 7,
} as const;

/** One graph that the host runs: a bundle of its own, or many of equal structure in rows. */
export interface UnitText {
  readonly unit: number;
  readonly input: string;
  /** Numbers a window. */
  readonly width: number;
  /** Sizes of the input after the batch, or undefined when the model takes exactly one window without a batch. */
  readonly shape: readonly number[];
  /** False: windows are run one by one, because the shape of the model has no batch. */
  readonly batch: boolean;
  readonly outputs: readonly OutputText[];
  /** Of a stack: the weights that come as inputs, in the order in which `weights` sends them. */
  readonly weights: readonly WeightText[];
}

export interface OutputText {
  readonly tensor: string;
  /** Numbers a window. */
  readonly width: number;
}

export interface WeightText {
  readonly tensor: string;
  /** Of one row. */
  readonly shape: readonly number[];
}

type Pipe = Parameters<typeof writeMessage>[0];

export function sendLoad(pipe: Pipe, unit: UnitText, model: Uint8Array): void {
  writeMessage(pipe, messageKinds.load, JSON.stringify(unit), model);
}

/** All rows of one weight of a stack; after the last the unit is opened, which `loaded` answers. */
export function sendWeights(pipe: Pipe, unit: number, at: number, rows: Float32Array): void {
  writeMessage(pipe, messageKinds.weights, JSON.stringify({ unit, at }), bytesOf(rows));
}

export interface RunText {
  readonly request: number;
  readonly unit: number;
  readonly count: number;
}

/**
 * @param rows of the stack, one a window; zeros of a bundle of its own
 * @param inputs one window after the other
 */
export function sendRun(pipe: Pipe, run: RunText, rows: Int32Array, inputs: Float32Array): void {
  writeMessage(pipe, messageKinds.run, JSON.stringify(run), bytesOf(rows), bytesOf(inputs));
}

export function rowsOf(message: Message, count: number): Int32Array {
  return new Int32Array(message.body.buffer, message.body.byteOffset, count);
}

export function inputsOf(message: Message, count: number): Float32Array {
  const { body } = message;
  return new Float32Array(body.buffer, body.byteOffset + count * 4, body.byteLength / 4 - count);
}

export interface ScoredText extends RunText {
  /** CPU time of the run, µs. */
  readonly cpuUs: number;
}

/** @param outputs of each window all outputs, one after the other */
export function sendScored(pipe: Pipe, scored: ScoredText, outputs: Float32Array): void {
  writeMessage(pipe, messageKinds.scored, JSON.stringify(scored), bytesOf(outputs));
}

export function outputsOf(message: Message): Float32Array {
  const { body } = message;
  return new Float32Array(body.buffer, body.byteOffset, body.byteLength / 4);
}

export interface FailedText {
  readonly unit: number;
  /** Absent when the unit could not be opened. */
  readonly request?: number;
  readonly reason: string;
}

export function sendFailed(pipe: Pipe, failed: FailedText): void {
  writeMessage(pipe, messageKinds.failed, JSON.stringify(failed));
}

export function sendLoaded(pipe: Pipe, unit: number): void {
  writeMessage(pipe, messageKinds.loaded, JSON.stringify({ unit }));
}

export function sendReady(pipe: Pipe): void {
  writeMessage(pipe, messageKinds.ready, "");
}
