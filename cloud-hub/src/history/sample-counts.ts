import type { GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

const names = ["inFrames", "repeats", "conflicts"] as const;
type Name = (typeof names)[number];
type Counts = Record<Name, number>;

/** What became of the samples of a pass, by gateway: in frames = stored + repeats (no-loss protocol 7, hub, samples). */
export class SampleCounts {
  readonly #byGateway = new Map<GatewayId, Counts>();

  add(gateway: GatewayId, name: Name, count: number): void {
    const counts = this.#byGateway.get(gateway) ?? { inFrames: 0, repeats: 0, conflicts: 0 };
    counts[name] += count;
    this.#byGateway.set(gateway, counts);
  }

  sum(): Counts & { readonly stored: number } {
    const sum = { inFrames: 0, repeats: 0, conflicts: 0 };
    for (const counts of this.#byGateway.values())
      for (const name of names) sum[name] += counts[name];
    return { ...sum, stored: sum.inFrames - sum.repeats };
  }

  async write(client: Pick<pg.ClientBase, "query">): Promise<void> {
    const rows = [...this.#byGateway];
    await client.query(
      `insert into sample_counts (gateway, in_frames, stored, repeats, conflicts)
       select k.gateway, k.in_frames, k.in_frames - k.repeats, k.repeats, k.conflicts
       from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) k (gateway, in_frames, repeats, conflicts)
       on conflict (gateway) do update set in_frames = sample_counts.in_frames + excluded.in_frames,
         stored = sample_counts.stored + excluded.stored, repeats = sample_counts.repeats + excluded.repeats,
         conflicts = sample_counts.conflicts + excluded.conflicts`,
      [
        rows.map(([gateway]) => gateway),
        ...names.map((name) => rows.map(([, counts]) => counts[name])),
      ],
    );
  }
}
