/** During a flood a list says what happened where, not everything that followed from it (ux-guide 5). */
import type { AlarmPriority, AlarmRow } from "@millwright/wire-contract/events";

export type ListedAlarm =
  | { readonly kind: "alarm"; readonly key: string; readonly row: AlarmRow }
  | {
      readonly kind: "group";
      readonly key: string;
      readonly asset: string;
      /** The alarm of the group that came first. */
      readonly cause: AlarmRow;
      readonly count: number;
      readonly unacknowledged: number;
      readonly priority: AlarmPriority;
      readonly open: boolean;
    };

/** What grouping looks at. Groups of one are shown as the alarm itself. */
export function listedOf(
  rows: readonly AlarmRow[],
  flood: boolean,
  open: ReadonlySet<string>,
): readonly ListedAlarm[] {
  const single = (row: AlarmRow): ListedAlarm => ({ kind: "alarm", key: row.id, row });
  if (!flood) return rows.map(single);
  // Urgent ones are never folded away.
  const listed = rows.filter(({ priority }) => priority === 1).map(single);
  const groups = new Map<string, AlarmRow[]>();
  for (const row of rows) {
    if (row.priority === 1) continue;
    const group = groups.get(row.asset);
    if (group === undefined) groups.set(row.asset, [row]);
    else group.push(row);
  }
  for (const [asset, group] of groups) {
    const [first] = group;
    if (first === undefined) continue;
    if (group.length === 1) {
      listed.push(single(first));
      continue;
    }
    const key = `group ${asset}`;
    listed.push({
      ...{ kind: "group", key, asset, count: group.length, open: open.has(key) },
      cause: firstOf(group),
      unacknowledged: group.filter(({ state }) => state === "unacknowledged").length,
      priority: group.some(({ priority }) => priority === 2) ? 2 : 3,
    });
    if (open.has(key)) listed.push(...group.map(single));
  }
  return listed;
}

/** A first-out of the settings before what only came first. */
function firstOf(group: readonly AlarmRow[]): AlarmRow {
  return group.reduce((first, row) => {
    if (first.firstOut !== row.firstOut) return row.firstOut ? row : first;
    return row.raisedUs < first.raisedUs ? row : first;
  });
}
