/** What a server may believe about a request: the socket, and never a header that anybody can write. */
import { TLSSocket } from "node:tls";

import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";

import { hostIn, isLoopbackName } from "./page-names.ts";

export interface PageAsked {
  header(name: string): string | undefined;
  /** Of the other end of the connection. A header such as `X-Forwarded-For` is not asked. */
  readonly address: string;
  /** The connection to this program is TLS; what a proxy says of its own is not asked. */
  readonly secure: boolean;
  /** From this machine, under a name of its loopback: nothing has crossed a network. */
  readonly local: boolean;
}

/** A form, an acknowledgement, a setpoint: what people send fits many times over. */
export const bodyBytesMax = 65_536;

export function askedOf(context: Context): PageAsked {
  const { incoming } = context.env as HttpBindings;
  const address = plain(incoming.socket.remoteAddress ?? "");
  return {
    header: (name) => context.req.header(name),
    address,
    secure: incoming.socket instanceof TLSSocket,
    local: isLoopbackAddress(address) && isLoopbackName(hostIn(context.req.header("host"))),
  };
}

/** The JSON of a request; undefined when it has none, or too much. */
export async function jsonBody(context: Context): Promise<{ readonly json: unknown } | undefined> {
  if (!isBodyWithin(context, bodyBytesMax)) return undefined;
  try {
    return { json: JSON.parse(await context.req.text()) as unknown };
  } catch {
    return undefined;
  }
}

/** Asked before a body is read. False also of one that does not say how long it is: nobody knows what it takes to read it. */
export function isBodyWithin(context: Context, bytesMax: number): boolean {
  return Number(context.req.header("content-length") ?? NaN) <= bytesMax;
}

/** IPv4 in the clothes of IPv6 (RFC 4291, 2.5.5.2) is the same machine. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function isLoopbackAddress(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
