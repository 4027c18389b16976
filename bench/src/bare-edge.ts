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
const underWayMax = 8;
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
let body = Buffer.allocUnsafe(registers * rowBytes * 4);
let size = 0;
let frames: Buffer[] = [];
let samples = 0;
let next = 0;

const socket = connect(port, "127.0.0.1");
socket.setNoDelay(true);
const ask = (): void => {
  const question = reads[next++ % reads.length];
  if (question !== undefined) socket.write(question);
};

/** 4 bytes of time, 2 of the tag, 2 of quality, 4 of value. */
function keep(answer: Buffer, at: number): void {
  const first = answer.readUInt16BE(at) * perRead;
  const count = (answer[at + 8] ?? 0) / 2;
  const now = performance.now() >>> 0;
  if (size + count * rowBytes > body.length) seal();
  for (let row = 0; row < count; row++) {
    body.writeUInt32LE(now, size);
    body.writeUInt16LE(first + row, size + 4);
    body.writeUInt16LE(0, size + 6);
    body.writeFloatLE(answer.readUInt16BE(at + 9 + row * 2) / 100, size + 8);
    size += rowBytes;
  }
  samples += count;
}

function seal(): void {
  frames.push(body.subarray(0, size));
  body = Buffer.allocUnsafe(body.length);
  size = 0;
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
  while (at + 9 <= input.length && at + 9 + (input[at + 8] ?? 0) <= input.length) {
    keep(input, at);
    at += 9 + (input[at + 8] ?? 0);
    ask();
  }
  rest = input.subarray(at);
});
socket.once("connect", () => {
  for (let read = 0; read < underWayMax; read++) ask();
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
