/**
 * The detect host: a process that holds onnxruntime and nothing else. Messages come in at file 3, are done one after the
 * other, and each is answered before the next begins, so that the gateway knows what ran when this process ends.
 */
import { Socket } from "node:net";

import { messageChain } from "@millwright/kit";

import { MessageReader, type Message } from "./frames.ts";
import {
  inputsOf,
  messageKinds,
  rowsOf,
  sendFailed,
  sendLoaded,
  sendReady,
  sendScored,
  type RunText,
  type UnitText,
} from "./messages.ts";
import { openUnit, type HostUnit } from "./host-unit.ts";

const channel = 3;
const pipe = new Socket({ fd: channel });
const units = new Map<number, HostUnit>();
/** Stacks that wait for their weights. */
const opening = new Map<
  number,
  { readonly text: UnitText; readonly model: Uint8Array; readonly weights: Float32Array[] }
>();
/** What came and is not done yet. The gateway bounds it: it has so many windows on their way and no more. */
let last: Promise<void> = Promise.resolve();

function then(task: () => Promise<void>): void {
  last = last.then(task);
}

async function open(
  text: UnitText,
  model: Uint8Array,
  weights: readonly Float32Array[],
): Promise<void> {
  try {
    units.set(text.unit, await openUnit(text, model, weights));
    sendLoaded(pipe, text.unit);
  } catch (failure) {
    sendFailed(pipe, { unit: text.unit, reason: messageChain(failure) });
  }
}

async function run(text: RunText, rows: Int32Array, inputs: Float32Array): Promise<void> {
  const { request, unit } = text;
  try {
    const opened = units.get(unit);
    if (opened === undefined) throw new Error("no such unit");
    const before = process.threadCpuUsage();
    const outputs = await opened.run(rows, inputs);
    const used = process.threadCpuUsage(before);
    sendScored(pipe, { ...text, cpuUs: used.user + used.system }, outputs);
  } catch (failure) {
    sendFailed(pipe, { unit, request, reason: messageChain(failure) });
  }
}

function take(message: Message): void {
  switch (message.kind) {
    case messageKinds.load: {
      const text = JSON.parse(message.text) as UnitText;
      const model = message.body.slice();
      if (text.weights.length === 0) then(() => open(text, model, []));
      else opening.set(text.unit, { text, model, weights: [] });
      return;
    }
    case messageKinds.weights: {
      const { unit } = JSON.parse(message.text) as { readonly unit: number };
      const waiting = opening.get(unit);
      if (waiting === undefined) throw new Error(`weights of no unit (${unit})`);
      const { buffer } = message.body.slice();
      waiting.weights.push(new Float32Array(buffer));
      if (waiting.weights.length < waiting.text.weights.length) return;
      opening.delete(unit);
      then(() => open(waiting.text, waiting.model, waiting.weights));
      return;
    }
    case messageKinds.run: {
      const text = JSON.parse(message.text) as RunText;
      const rows = rowsOf(message, text.count).slice();
      const inputs = inputsOf(message, text.count).slice();
      then(() => run(text, rows, inputs));
      return;
    }
    default:
      throw new Error(`no such message (${message.kind})`);
  }
}

const reader = new MessageReader(take);
pipe.on("data", (chunk: Uint8Array) => {
  reader.push(chunk);
});
// The gateway has ended, or ends this host: nothing here is worth keeping.
for (const event of ["end", "error"] as const) {
  pipe.on(event, () => {
    process.exit(0);
  });
}
sendReady(pipe);
