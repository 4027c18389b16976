/** Writes what waits for the hub to a stick, critical frames first, so that what explains a hole is stored before it. */
import {
  ExportWriter,
  type CarriedFrame,
  type Manifest,
  type SigningKey,
} from "@millwright/carrier";
import {
  parseFrame,
  type EpochPosition,
  type FrameHead,
  type Hello,
  type LanePosition,
} from "@millwright/wire-contract";

import type { ExportSource } from "./export-source.ts";

export interface ExportOrder {
  /** The stick. */
  readonly to: string;
  readonly key: SigningKey;
  readonly exportedUs: number;
  /** What the gateway says of itself; where it stands is added here. */
  readonly gateway: Omit<Hello, "epochs" | "incarnation" | "journal" | "version">;
  /** Only samples that touch it, of all that is still held for the hub; critical frames go in any case. */
  readonly range?: { readonly fromUs: number; readonly untilUs: number };
  /** Told after each file. */
  readonly progress: (so: { readonly files: number; readonly frames: number }) => void;
  /** A file is begun anew at this size; for tests. */
  readonly fileBytes?: number;
}

export interface Exported {
  readonly folder: string;
  readonly frames: number;
  readonly samples: number;
  readonly files: number;
  readonly bytes: number;
  /** Frames that the gateway's disk gave back damaged; they stay there, and the gateway declares them at its next start. */
  readonly unreadable: number;
}

/** Throws `CarrierUnusable`; the stick is then as it was. */
export async function runExport(source: ExportSource, order: ExportOrder): Promise<Exported> {
  const { to, key, exportedUs, gateway, range, progress } = order;
  const writer = await ExportWriter.open(to, nameOf(gateway.gateway, exportedUs), order.fileBytes);
  try {
    const { epochs, journal, incarnation } = await source.positions();
    let frames = 0;
    let samples = 0;
    let unreadable = 0;
    for (const { position, lane } of criticalFirst(epochs)) {
      let at = range === undefined ? lane.storedSeq : lane.baseSeq;
      // What is sealed while we write goes with the next export: an end must come.
      while (at < lane.headSeq) {
        const piece = await source.frames(position.epoch, lane.lane, at);
        unreadable += piece.unreadable;
        for (const frame of piece.frames) {
          const head = headOf(frame);
          if (head === undefined) unreadable++;
          else if (isWanted(head, range)) {
            const before = writer.files.length;
            await writer.add(frame, head);
            frames++;
            samples += head.sampleCount;
            if (writer.files.length > before) progress({ files: writer.files.length, frames });
          }
        }
        // Released meanwhile, because the hub has it all.
        if (piece.lastSeq <= at) break;
        at = piece.lastSeq;
      }
    }
    const manifest: Parameters<ExportWriter["finish"]>[0] = {
      version: 1,
      gateway: gateway.gateway,
      publicKey: key.publicKey,
      exportedUs,
      hello: {
        version: 1,
        ...gateway,
        ...(incarnation === undefined ? {} : { incarnation }),
        epochs,
        journal,
      },
      ...(range === undefined ? {} : { range }),
    };
    const folder = await writer.finish(manifest, key);
    const bytes = writer.files.reduce((sum, file) => sum + file.bytes, 0);
    return { folder, frames, samples, files: writer.files.length, bytes, unreadable };
  } catch (failure) {
    await writer.abandon();
    throw failure;
  }
}

function* criticalFirst(
  epochs: readonly EpochPosition[],
): Iterable<{ readonly position: EpochPosition; readonly lane: LanePosition }> {
  for (const wanted of [true, false]) {
    for (const position of epochs) {
      for (const lane of position.lanes) {
        if ((lane.lane === "critical") === wanted) yield { position, lane };
      }
    }
  }
}

function headOf({ bytes }: CarriedFrame): FrameHead | undefined {
  const parsed = parseFrame(bytes);
  return parsed.kind === "corrupt" ? undefined : parsed.head;
}

function isWanted({ lane, firstUs, lastUs }: FrameHead, range: Manifest["range"]): boolean {
  if (range === undefined || lane === "critical") return true;
  return lastUs >= range.fromUs && firstUs <= range.untilUs;
}

/** No letter that a stick's file system would not take. */
function nameOf(gateway: string, atUs: number): string {
  const stamp = new Date(atUs / 1_000).toISOString().replace(/\.\d+/, "").replace(/[-:]/g, "");
  return `millwright-${gateway}-${stamp}`;
}
