/** What a server keeps of the past, for orders and charts: not what a break of ours left open (`fill-hole.ts`). */
import type { DriverContext, HistoryWish, ReadingBatch } from "../driver.ts";
import type { Attached } from "./climb.ts";
import { readAccess } from "./describe-nodes.ts";
import { ServiceFailure } from "./faults.ts";
import { fillHoles, type Hole } from "./history.ts";
import type { Intake } from "./intake.ts";
import type { ItemPlan } from "./items.ts";
import type { Library, opcua } from "./library.ts";

/** UserAccessLevel (OPC 10000-3, 8.57), bit 2: the values of the past can be read. */
const historyRead = 4;

export interface PastParts {
  readonly library: Library;
  readonly attached: Attached;
  readonly context: DriverContext;
  readonly items: readonly ItemPlan[];
  readonly nodeIds: readonly (opcua.NodeId | undefined)[];
}

/** Points of nodes whose history this user may read; undefined where the server does not say. */
export async function findHistoryPoints(parts: PastParts): Promise<readonly number[] | undefined> {
  const { library, attached, context, items, nodeIds } = parts;
  const known = nodeIds.flatMap((nodeId, item) => (nodeId === undefined ? [] : [{ item, nodeId }]));
  const asked = known.map(({ nodeId }) => nodeId);
  try {
    const levels = await readAccess(library, attached.session, asked, attached.facts.limits.read);
    return known
      .filter((_node, place) => ((levels[place] ?? 0) & historyRead) !== 0)
      .flatMap(({ item }) => items[item]?.points ?? []);
  } catch (failure) {
    // A server that does not say it is read no history of, and serves its values all the same.
    if (!(failure instanceof ServiceFailure)) throw failure;
    context.log.debug("acquire.opcua-access-unknown", { status: failure.status });
    return undefined;
  }
}

/**
 * As `DriverSession.readHistory`.
 *
 * @param decode opens structures
 */
export async function readPast(
  { library, attached, context, items, nodeIds }: PastParts,
  intake: Pick<Intake, "lateBatches">,
  decode: (values: readonly opcua.DataValue[]) => Promise<void>,
  { points, fromUs, toUs }: HistoryWish,
  take: (batch: ReadingBatch) => Promise<void>,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const wanted = new Set(points);
  const holes = items.flatMap((plan, item): Hole[] => {
    const nodeId = nodeIds[item];
    if (nodeId === undefined || !plan.points.some((point) => wanted.has(point))) return [];
    // The ends of a hole are known, those of a range are not: times of our days have a quarter of a µs.
    return [{ item, nodeId, fromUs: fromUs - 0.25, toUs }];
  });
  const unfilled = await fillHoles(
    library,
    attached.session,
    holes,
    attached.facts.limits.history,
    async (item, values) => {
      signal.throwIfAborted();
      await decode(values);
      const changes = values.map((value) => ({ item, value }));
      for (const batch of intake.lateBatches(changes, context.clock.nowUs())) await take(batch);
    },
    (ms) => context.clock.sleep(ms, signal),
  );
  const missed = new Set(unfilled.map(({ item }) => item));
  return points.filter((point) => {
    const item = items.findIndex((plan) => plan.points.includes(point));
    return nodeIds[item] === undefined || missed.has(item);
  });
}
