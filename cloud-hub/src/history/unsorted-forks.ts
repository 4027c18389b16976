/**
 * Samples of forks: frames that do not fit the chain of their lane, because two gateways have sealed in one epoch. They are
 * no part of any prefix, and their samples are stored by their identity all the same (no-loss protocol 6.4).
 */
import { parseFrame, type FrameHead, type GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

type Queryable = Pick<pg.ClientBase, "query">;

/** Forks come for as long as it takes a gateway to notice, some seconds; so many are taken in one pass. */
const forksMax = 1_000;

export interface UnsortedFork {
  readonly id: bigint;
  readonly head: FrameHead;
  readonly body: Uint8Array;
}

/** @returns those of our gateways that can be read; the others have nothing to sort and are noted by `noteForks` */
export async function readForks(
  client: Queryable,
  isOurs: (gateway: GatewayId) => boolean,
): Promise<{ readonly forks: readonly UnsortedFork[]; readonly broken: readonly bigint[] }> {
  const found = await client.query<{ id: bigint; gateway: GatewayId; bytes: Buffer }>(
    `select id, gateway, bytes from quarantine where not sorted order by id limit ${forksMax}`,
  );
  const forks: UnsortedFork[] = [];
  const broken: bigint[] = [];
  for (const { id, gateway, bytes } of found.rows) {
    if (!isOurs(gateway)) continue;
    const parsed = parseFrame(bytes);
    if (parsed.kind === "frame" && parsed.head.content === "samples") {
      forks.push({ id, head: parsed.head, body: parsed.body });
    } else {
      broken.push(id);
    }
  }
  return { forks, broken };
}

export async function noteForks(client: Queryable, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return;
  await client.query("update quarantine set sorted = true where id = any($1::bigint[])", [ids]);
}
