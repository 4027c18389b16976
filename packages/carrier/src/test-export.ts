/** For the tests of this folder: frames of a gateway, and an export of them in a folder that goes with the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import {
  encodeLedger,
  frameBytes,
  sealFrame,
  type Epoch,
  type FrameHead,
  type GatewayId,
  type RoadLane,
} from "@millwright/wire-contract";

import type { CarriedFrame } from "./frame-file.ts";
import { openKey, type SigningKey } from "./key.ts";
import { ExportWriter, type Contents } from "./write-export.ts";
import type { Manifest } from "./manifest.ts";

const gateway = "press-hall" as GatewayId;
export const testEpoch: Epoch = "0123456789abcdef0123456789abcdef" as Epoch;

export interface TestFrame {
  readonly frame: CarriedFrame;
  readonly head: FrameHead;
}

export function testFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "carrier-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export function testKey(folder: string, name = "own"): SigningKey {
  return openKey(join(folder, "keys", `${name}.pem`));
}

/** @param body may be anything: whoever carries frames does not look into them */
export function testFrame(lane: RoadLane, seq: number, body: Uint8Array): TestFrame {
  const sealed = sealFrame(
    {
      gateway,
      epoch: testEpoch,
      lane,
      seq,
      content: "ledger",
      cum: 0,
      sampleCount: 0,
      dictionary: 0n,
      firstUs: 1_000 * seq,
      lastUs: 1_000 * seq + 5,
      sealedUs: 1_000 * seq,
      clock: { segment: 1, disciplined: true, offsetUs: 0 },
      rawFrom: 0,
      rawTo: 0,
      late: false,
    },
    0n,
    body,
  );
  return { frame: { lane, bytes: frameBytes(sealed) }, head: sealed.head };
}

export function manifestOf(key: SigningKey): Omit<Manifest, keyof Contents> {
  return {
    version: 1,
    gateway,
    publicKey: key.publicKey,
    exportedUs: 5_000_000,
    hello: {
      version: 1,
      gateway,
      name: "Press hall",
      site: "Brno",
      hmi: "",
      software: "0.1.0",
      epochs: [],
    },
  };
}

/** Three small files on a stick. @returns the folder of the export */
export async function writeTestExport(stick: string, key: SigningKey): Promise<string> {
  const writer = await ExportWriter.open(stick, "millwright-press-hall-1", 1);
  for (let seq = 1; seq <= 3; seq++) {
    const { frame, head } = testFrame("critical", seq, encodeLedger([]));
    await writer.add(frame, head);
  }
  return await writer.finish(manifestOf(key), key);
}
