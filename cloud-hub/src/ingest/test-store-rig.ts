/** A frame store under test: frames of gateways are handed in as an inbox would, and what each test asks is asked. */
import assert from "node:assert/strict";

import type { LaneMark } from "@millwright/wire-contract";

import { admit, type AdmittedFrame, type AdmittedVoid } from "./admission.ts";
import type { FrameStore, Intake, Taken } from "./frame-store.ts";
import { TestGateway, type TestFrame } from "./test-gateway.ts";

export interface StoreRig {
  readonly open: () => FrameStore;
  /** One that no store has heard of. */
  readonly nextGateway: () => TestGateway;
  readonly take: (gateway: TestGateway, ...frames: readonly TestFrame[]) => Promise<Taken>;
  /** The mark of the lane of this frame. */
  readonly markOf: (gateway: TestGateway, of: TestFrame) => Promise<LaneMark | undefined>;
  /** Samples that were announced and are neither stored nor explained. */
  readonly unexplained: (gateway: TestGateway) => Promise<number>;
}

export const receivedUs = 1_800_000_000_000_000;

let gateways = 0;

export function storeRig(open: () => FrameStore): StoreRig {
  return {
    open,
    nextGateway: () => new TestGateway(`gw-${++gateways}`),
    take: (gateway, ...frames) => open().takeIn(intakeOf(gateway, frames)),
    markOf: async (gateway, of) =>
      (await open().marks(gateway.gateway)).find(
        (mark) => mark.lane === of.lane && mark.epoch === of.epoch,
      ),
    async unexplained(gateway) {
      const known = await open().gateway(gateway.gateway);
      return known?.balance.unexplained ?? 0;
    },
  };
}

export function intakeOf(gateway: TestGateway, sent: readonly TestFrame[]): Intake {
  const frames: AdmittedFrame[] = [];
  const voids: AdmittedVoid[] = [];
  for (const { bytes, lane } of sent) {
    const verdict = admit(bytes, gateway.gateway, lane, () => gateway.dictionary);
    if (verdict.kind === "frame") frames.push(verdict.frame);
    else if (verdict.kind === "void") voids.push(verdict.gap);
    else assert.fail(verdict.reason);
  }
  return { receivedUs, frames, voids, rejected: [] };
}
