import { connect } from "node:net";

/**
 * Hears subjects of a nats-server by the lines of its protocol, in memory that is used again for what comes next. For a
 * stand-in that must take no processor time from what is measured beside it: the client of the library makes new memory
 * for each message, up to four times its size, and collecting that cost more than all that was done with the frames.
 */
export interface Subscriber {
  close(): void;
}

/** Read in one go at most. */
const readMax = 256 * 1_024;
/** Several messages of the broker's largest payload (1 MiB by default), so that what is left of one is seldom moved. */
const storeBytes = 8 * 2 ** 20;
const newLine = 0x0a;
const lineEndBytes = 2;

/** @param heard told of each payload, which is its own only until it returns; resolves once the broker knows the subjects */
export async function subscribeBarely(
  url: string,
  subjects: readonly string[],
  heard: (subjectIndex: number, payload: Uint8Array) => void,
): Promise<Subscriber> {
  const { hostname, port } = new URL(url);
  const store = Buffer.allocUnsafe(storeBytes);
  /** Of the store: what was read and not heard yet. */
  let from = 0;
  let to = 0;
  const { promise: known, resolve, reject } = Promise.withResolvers<undefined>();

  const room = (): Buffer => {
    if (store.length - to < readMax) {
      store.copyWithin(0, from, to);
      to -= from;
      from = 0;
    }
    return store.subarray(to, to + readMax);
  };
  const read = (count: number): boolean => {
    to += count;
    for (;;) {
      const lineEnd = store.subarray(from, to).indexOf(newLine);
      if (lineEnd < 0) return true;
      const line = store.toString("latin1", from, from + lineEnd).trim();
      const payloadFrom = from + lineEnd + 1;
      const message = parseMessageLine(line);
      if (message === undefined) {
        if (line === "PING") socket.write("PONG\r\n");
        else if (line === "PONG") resolve(undefined);
        else if (line.startsWith("-ERR")) socket.destroy(new Error(line));
        from = payloadFrom;
        continue;
      }
      const next = payloadFrom + message.bytes + lineEndBytes;
      if (next > to) return true;
      const payload = store.subarray(payloadFrom + message.headBytes, payloadFrom + message.bytes);
      heard(message.subjectIndex, payload);
      from = next;
    }
  };
  const socket = connect({
    host: hostname,
    port: Number(port),
    noDelay: true,
    onread: { buffer: room, callback: read },
  });
  socket.once("error", reject);
  const wanted = subjects.map((subject, index) => `SUB ${subject} ${index}\r\n`);
  socket.write(`CONNECT {"verbose":false,"headers":true}\r\n${wanted.join("")}PING\r\n`);
  await known;
  return {
    close() {
      socket.destroy();
    },
  };
}

/**
 * `MSG subject sid [reply] bytes` or `HMSG subject sid [reply] head-bytes bytes`, the head counted to the bytes
 * (docs.nats.io, client protocol). Undefined for any other line.
 */
function parseMessageLine(
  line: string,
): { subjectIndex: number; headBytes: number; bytes: number } | undefined {
  const words = line.split(" ");
  const kind = words[0];
  if (kind !== "MSG" && kind !== "HMSG") return undefined;
  return {
    subjectIndex: Number(words[2]),
    headBytes: kind === "HMSG" ? Number(words.at(-2)) : 0,
    bytes: Number(words.at(-1)),
  };
}
