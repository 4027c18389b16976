/** What a NATS server says first, before it is asked (docs.nats.io, client protocol, INFO). */
import type { Socket } from "node:net";

import * as z from "zod";

export interface Greeting {
  readonly version: string;
  /** It encrypts when it is asked to, or always. */
  readonly tlsOffered: boolean;
}

/** That of a server in a cluster of hundreds, all of whose addresses stand in it, is shorter. */
const bytesMax = 65_536;

const info = z.object({
  version: z.string().max(64),
  tls_required: z.boolean().optional(),
  tls_available: z.boolean().optional(),
});

/** Leaves the socket to whoever encrypts. Rejects when what comes is no greeting, or nothing. */
export async function readGreeting(socket: Socket): Promise<Greeting> {
  const parsed = info.safeParse(toldBy(await firstLine(socket)));
  if (!parsed.success) throw new Error("what listens there does not speak as a NATS server does");
  const { version, tls_required: required, tls_available: available } = parsed.data;
  return { version, tlsOffered: required === true || available === true };
}

function toldBy(line: string): unknown {
  const [, json] = /^INFO (\{.*\})\s*$/.exec(line) ?? [];
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const end = (): void => {
      socket.off("data", take).off("close", close);
      socket.pause();
    };
    const take = (bytes: Buffer): void => {
      text += bytes.toString("latin1");
      if (!text.includes("\n") && text.length < bytesMax) return;
      end();
      resolve(text.split("\n", 1)[0] ?? "");
    };
    const close = (): void => {
      end();
      reject(new Error("it closes the connection without a word"));
    };
    socket.on("data", take).once("close", close);
  });
}
