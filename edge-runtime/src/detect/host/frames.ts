/**
 * Messages of the gateway and its detect host on one pipe: a head of 16 bytes, a text (JSON) and a body of numbers. Numbers
 * stand at addresses that divide by 8, so that they are looked at where they are and never copied one by one.
 *
 *     u32 kind · u32 bytes of the text · u32 bytes of the body · u32 zero · text, filled up to 8 · body, filled up to 8
 *
 * Both ends are programs of one build on one machine: little-endian, no versions.
 */
import type { Duplex } from "node:stream";

/** More is not a message of ours (bytes): 100,000 windows of 64 features are 26 MB, a model with its text 72 MB. */
const messageBytesMax = 128 * 2 ** 20;
/** What a reader keeps between two messages (bytes): a batch of 1,000 windows of 64 features fits. */
const keptBytesMax = 512 * 2 ** 10;
const headBytes = 16;

export interface Message {
  readonly kind: number;
  /** As JSON; "" when there is none. */
  readonly text: string;
  /** Valid until the call returns. */
  readonly body: Uint8Array;
}

/**
 * A message up to here is written in one piece (bytes): to copy some windows costs less than a call for each piece, and so much
 * comes out of the pool that Node keeps for small buffers. A thousand windows go as they are.
 */
const togetherMax = 4 * 2 ** 10 - 8;

const decoder = new TextDecoder();

/** A large one goes as head and text in one piece, and the body as it is, in as many pieces as it has, without being copied. */
export function writeMessage(
  stream: Pick<Duplex, "write" | "cork" | "uncork">,
  kind: number,
  text: string,
  ...body: readonly Uint8Array[]
): void {
  const textBytes = Buffer.byteLength(text);
  let bodyBytes = 0;
  for (const piece of body) bodyBytes += piece.length;
  const bodyAt = headBytes + filled(textBytes);
  const length = bodyAt + filled(bodyBytes);
  const together = length <= togetherMax;
  const first = Buffer.allocUnsafe(together ? length : bodyAt);
  first.writeUInt32LE(kind, 0);
  first.writeUInt32LE(textBytes, 4);
  first.writeUInt32LE(bodyBytes, 8);
  first.writeUInt32LE(0, 12);
  first.write(text, headBytes);
  first.fill(0, headBytes + textBytes, bodyAt);
  if (together) {
    let at = bodyAt;
    for (const piece of body) {
      first.set(piece, at);
      at += piece.length;
    }
    first.fill(0, at);
    stream.write(first);
    return;
  }
  stream.cork();
  stream.write(first);
  for (const piece of body) if (piece.length > 0) stream.write(piece);
  const rest = filled(bodyBytes) - bodyBytes;
  if (rest > 0) stream.write(new Uint8Array(rest));
  stream.uncork();
}

/** Cuts what comes in at a pipe into messages. */
export class MessageReader {
  readonly #take: (message: Message) => void;
  #held = new Uint8Array(64 * 2 ** 10);
  #count = 0;

  constructor(take: (message: Message) => void) {
    this.#take = take;
  }

  /** Throws when what comes is no message. */
  push(chunk: Uint8Array): void {
    this.#keep(chunk);
    let at = 0;
    for (;;) {
      if (this.#count - at < headBytes) break;
      const [kind = 0, textBytes = 0, bodyBytes = 0] = new Uint32Array(this.#held.buffer, at, 3);
      const length = headBytes + filled(textBytes) + filled(bodyBytes);
      if (length > messageBytesMax) throw new Error(`a message of ${length} bytes`);
      if (this.#count - at < length) {
        this.#grow(length);
        break;
      }
      const text = decoder.decode(this.#held.subarray(at + headBytes, at + headBytes + textBytes));
      const bodyAt = at + headBytes + filled(textBytes);
      this.#take({ kind, text, body: this.#held.subarray(bodyAt, bodyAt + bodyBytes) });
      at += length;
    }
    if (at > 0) {
      this.#held.copyWithin(0, at, this.#count);
      this.#count -= at;
    }
    // A model came in once; the room it took is not kept for windows.
    if (this.#held.length > keptBytesMax && this.#count === 0) {
      this.#held = new Uint8Array(keptBytesMax);
    }
  }

  #keep(chunk: Uint8Array): void {
    this.#grow(this.#count + chunk.length);
    this.#held.set(chunk, this.#count);
    this.#count += chunk.length;
  }

  #grow(bytes: number): void {
    if (bytes <= this.#held.length) return;
    // Doubling, so that a message of many pieces is copied a few times and not with each piece.
    const larger = new Uint8Array(filled(Math.max(bytes, this.#held.length * 2)));
    larger.set(this.#held.subarray(0, this.#count));
    this.#held = larger;
  }
}

/** A view, not a copy. */
export function bytesOf(numbers: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function filled(bytes: number): number {
  return (bytes + 7) & ~7;
}
