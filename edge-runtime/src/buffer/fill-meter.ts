import type { HeldFrames } from "./held-frames.ts";
import type { LettingGo } from "./letting-go.ts";
import type { Medium } from "./medium.ts";
import type { Run } from "./run.ts";
import type { BufferFill } from "./tiers/buffer-clock.ts";
import { Growth } from "./tiers/growth.ts";
import type { Tiers } from "./tiers/tiers.ts";

/** What the file holds and how fast it grows. */
export class FillMeter {
  readonly #parts;
  readonly #bytes = new Growth();
  readonly #samples = new Growth();

  constructor(parts: {
    readonly medium: Medium;
    readonly held: HeldFrames;
    readonly tiers: Tiers;
    readonly lettingGo: LettingGo;
    readonly run: Run;
  }) {
    this.#parts = parts;
  }

  /** With each commit that was kept. @param bytes by which the file has grown; less than 0 where something was let go */
  add(bytes: number, samples: number): void {
    const { nowMs } = this.#parts.run;
    this.#bytes.add(Math.max(0, bytes), nowMs);
    this.#samples.add(samples, nowMs);
  }

  get fill(): BufferFill {
    const { medium, held, tiers, lettingGo, run } = this.#parts;
    const { room } = medium;
    const { chunkBytes, chunkBytesPerSample, rollupBytesPerSample } = tiers.sizes;
    const samplesPerS = this.#samples.perS(run.nowMs);
    const unsafe = held.unsafe(run.nowUs);
    return {
      unsafeS: unsafe === undefined ? 0 : Math.max(0, unsafe.toUs - unsafe.fromUs) / 1e6,
      marginS: unsafe === undefined ? 0 : Math.max(0, run.nowUs - unsafe.fromUs) / 1e6,
      usedBytes: lettingGo.sampleBytes,
      chunkBytes,
      thinAboveBytes: room.thinAboveBytes,
      refuseAboveBytes: room.sampleBytesMax,
      frameBytesPerS: this.#bytes.perS(run.nowMs),
      chunkBytesPerS: samplesPerS * chunkBytesPerSample,
      rollupBytesPerS: samplesPerS * rollupBytesPerSample,
    };
  }
}
