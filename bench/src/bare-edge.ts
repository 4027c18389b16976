/**
 * What the whole way of a value could cost at best: one plain loop that polls, puts 12 bytes for each sample into a
 * frame and keeps the frames in SQLite, a durable commit every 50 ms. No tags, no quality, no ledger, no second thread.
 * `node bare-edge.ts PORT REGISTERS SECONDS FILE` prints samples and processor seconds.
 */
import { connect } from "node:net";

import Database from "better-sqlite3";

const [port = 0, registers = 0, seconds = 0] = process.argv.slice(2).map(Number);
const file = process.argv[5] ?? "";
const perRead = 125;
/** As many as the gateway is allowed. */
const underWayMax = 16;
const commitMs = 50;
const rowBytes = 12;

const db = new Database(file);
db.pragma("locking_mode = EXCLUSIVE");
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec("create table frame (id integer primary key, body blob not null)");
const insert = db.prepare("insert into frame (body) values (?)");

const reads = Array.from({ length: Math.ceil(registers / perRead) }, (_read, at) => {
  const question = Buffer.alloc(12);
  question.writeUInt16BE(at, 0);
  question.writeUInt16BE(6, 4);
  question[6] = 1;
  question[7] = 3;
  question.writeUInt16BE(at * perRead, 8);
  question.writeUInt16BE(Math.min(perRead, registers - at * perRead), 10);
  return question;
});
const rowsMax = registers * 4;
let body = newBody();
let rows = 0;
let frames: Uint8Array[] = [];
let samples = 0;
let next = 0;

const socket = connect(port, "127.0.0.1");
socket.setNoDelay(true);
const ask = (): void => {
  const question = reads[next++ % reads.length];
  if (question !== undefined) socket.write(question);
};

/** 4 bytes of time, 2 of the tag, 2 of quality, 4 of value: three words a row. */
function newBody(): { readonly words: Uint32Array; readonly values: Float32Array } {
  const bytes = new ArrayBuffer(rowsMax * rowBytes);
  return { words: new Uint32Array(bytes), values: new Float32Array(bytes) };
}

function keep(answer: Buffer, at: number): void {
  const first = (((answer[at] ?? 0) << 8) | (answer[at + 1] ?? 0)) * perRead;
  const count = (answer[at + 8] ?? 0) / 2;
  const now = performance.now() >>> 0;
  if (rows + count > rowsMax) seal();
  const { words, values } = body;
  for (let row = 0; row < count; row++) {
    const from = at + 9 + row * 2;
    const word = (rows + row) * 3;
    words[word] = now;
    words[word + 1] = first + row;
    values[word + 2] = (((answer[from] ?? 0) << 8) | (answer[from + 1] ?? 0)) / 100;
  }
  rows += count;
  samples += count;
}

function seal(): void {
  frames.push(new Uint8Array(body.words.buffer, 0, rows * rowBytes));
  body = newBody();
  rows = 0;
}

const commit = db.transaction(() => {
  for (const frame of frames) insert.run(frame);
});
const timer = setInterval(() => {
  seal();
  commit();
  frames = [];
}, commitMs);

let rest: Buffer = Buffer.alloc(0);
socket.on("data", (bytes) => {
  const input = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
  let at = 0;
  // One write for all that may be asked again: a system call costs more than a question.
  socket.cork();
  while (at + 9 <= input.length && at + 9 + (input[at + 8] ?? 0) <= input.length) {
    keep(input, at);
    at += 9 + (input[at + 8] ?? 0);
    ask();
  }
  socket.uncork();
  rest = input.subarray(at);
});
socket.once("connect", () => {
  socket.cork();
  for (let read = 0; read < underWayMax; read++) ask();
  socket.uncork();
  const from = { samples, use: process.cpuUsage() };
  setTimeout(() => {
    const { user, system } = process.cpuUsage(from.use);
    const line = { ready: true, samples: samples - from.samples, cpuS: (user + system) / 1e6 };
    clearInterval(timer);
    socket.destroy();
    seal();
    commit();
    db.close();
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }, seconds * 1_000);
});
