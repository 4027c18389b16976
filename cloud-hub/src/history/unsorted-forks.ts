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

/** What a pass looks at. */
export interface ForksAtHand {
  readonly forks: readonly UnsortedFork[];
  /** Have nothing to sort, and are noted by `noteForks`. */
  readonly broken: readonly bigint[];
  /** Where the next pass goes on. */
  readonly behind: bigint;
}

/** Before the first of them. */
export const noForkYet = 0n;

/**
 * Forks of our gateways, some behind others: one whose dictionary never comes waits for ever, and those after it must not.
 *
 * @param behind as the pass before said it
 */
export async function readForks(
  client: Queryable,
  isOurs: (gateway: GatewayId) => boolean,
  behind: bigint,
): Promise<ForksAtHand> {
  const waiting = await client.query<{ gateway: GatewayId }>(
    "select distinct gateway from quarantine where not sorted",
  );
  const ours = waiting.rows.map(({ gateway }) => gateway).filter(isOurs);
  if (ours.length === 0) return { forks: [], broken: [], behind: noForkYet };
  const found = await client.query<{ id: bigint; bytes: Buffer }>(
    `select id, bytes from quarantine
     where not sorted and gateway = any($1) and id > $2 order by id limit ${forksMax}`,
    [ours, behind],
  );
  const forks: UnsortedFork[] = [];
  const broken: bigint[] = [];
  for (const { id, bytes } of found.rows) {
    const parsed = parseFrame(bytes);
    if (parsed.kind === "frame" && parsed.head.content === "samples") {
      forks.push({ id, head: parsed.head, body: parsed.body });
    } else {
      broken.push(id);
    }
  }
  const last = found.rows.length < forksMax ? undefined : found.rows.at(-1);
  return { forks, broken, behind: last?.id ?? noForkYet };
}

export async function noteForks(client: Queryable, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return;
  await client.query("update quarantine set sorted = true where id = any($1::bigint[])", [ids]);
}
