import type { MemoryBackup, SafeSource } from "@millwright/cloud-hub/parts";
import type { GatewayId, LaneMark } from "@millwright/wire-contract";

/** What is safe: as far as the newest backup goes. Before the first all that is stored is, as where nobody makes any. */
export class BackupMarks implements SafeSource {
  #backup: MemoryBackup | undefined;

  take(backup: MemoryBackup): void {
    this.#backup = backup;
  }

  lower(gateway: GatewayId, mark: LaneMark): LaneMark {
    if (this.#backup === undefined) return mark;
    const epoch = this.#backup.gateways.get(gateway)?.epochs.get(mark.epoch);
    const safeSeq = epoch?.lanes.get(mark.lane)?.mark.seq ?? 0;
    return { ...mark, safeSeq: Math.min(safeSeq, mark.storedSeq) };
  }

  reload(): Promise<void> {
    return Promise.resolve();
  }
}
