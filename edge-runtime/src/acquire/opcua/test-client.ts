/** What the tests of this folder share: a context that counts, and a reader that remembers what it saw. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import type { LossReason, Scalar, ValueType } from "@millwright/wire-contract";

import type { DriverContext, DriverSession, PointSettings, ReadingBatch } from "../driver.ts";
import { opcuaSettings, type OpcuaSettings } from "./settings.ts";

const patienceMs = 120_000;

/**
 * Settings for quick tests. Security is taken up by the tests that are about it, and so is silence, which is told after two
 * keep-alives and the time of a request: longer than a busy machine stands still.
 */
export function testSettings(url: string, more: object = {}): OpcuaSettings {
  return opcuaSettings.parse({
    url,
    security: "none-i-accept-plain-text",
    publishingMs: 50,
    keepAliveMs: 200,
    requestTimeoutMs: 20_000,
    ...more,
  });
}

export function point(
  address: string,
  type: ValueType = "float64",
  options: Readonly<Record<string, string>> = {},
): PointSettings {
  return { tag: address, address, type, everyMs: 50, options };
}

export class TestContext implements DriverContext {
  readonly device: string = "test-1";
  readonly clock = systemClock;
  readonly random = seededRandom("opcua");
  readonly log = silentLog;
  readonly queueMax: number;
  readonly stateFolder: string;
  dueCount = 0;
  readonly losses: { point: number; count: number; reason: LossReason }[] = [];
  /** The times of the losses. */
  readonly spans: { fromUs: number; toUs: number }[] = [];
  provenCount = 0;
  noteText = "";
  badgeText = "";

  constructor(stateFolder: string, queueMax = 10_000) {
    this.stateFolder = stateFolder;
    this.queueMax = queueMax;
  }

  readonly due = (count: number): void => {
    this.dueCount += count;
  };
  readonly lost = (
    point: number,
    count: number,
    reason: LossReason,
    fromUs: number,
    toUs: number,
  ): void => {
    this.losses.push({ point, count, reason });
    this.spans.push({ fromUs, toUs });
  };
  readonly proven = (): void => {
    this.provenCount++;
  };
  readonly note = (text: string): void => {
    this.noteText = text;
  };
  readonly badge = (text: string): void => {
    this.badgeText = text;
  };
}

export interface Row {
  readonly point: number;
  readonly value: Scalar;
  readonly status: number;
  readonly measuredUs: number;
  readonly late: boolean;
}

/** Pulls readings in the background and keeps them. */
export class TestReader {
  readonly rows: Row[] = [];
  readonly batches: ReadingBatch[] = [];
  failure: unknown;
  readonly #stop = new AbortController();
  #go: Promise<void> = Promise.resolve();
  #goOn: () => void = () => undefined;
  readonly #done: Promise<void>;

  constructor(session: DriverSession, settle = true) {
    this.#done = this.#run(session, settle).catch((failure: unknown) => {
      this.failure = failure;
    });
  }

  values(pointIndex: number): Scalar[] {
    return this.rows.filter((row) => row.point === pointIndex).map((row) => row.value);
  }

  /** Stops asking for readings, as a caller does whose disk is slow. */
  pause(): void {
    this.#go = new Promise((resolve) => {
      this.#goOn = resolve;
    });
  }

  goOn(): void {
    this.#goOn();
  }

  async stop(): Promise<void> {
    this.#goOn();
    this.#stop.abort();
    await this.#done;
  }

  async #run(session: DriverSession, settle: boolean): Promise<void> {
    for await (const batch of session.readings(this.#stop.signal)) {
      this.batches.push(batch);
      for (let row = 0; row < batch.count; row++) {
        this.rows.push({
          point: batch.point[row] ?? -1,
          value: batch.wide?.get(row) ?? batch.value[row] ?? NaN,
          status: batch.status[row] ?? 0,
          measuredUs: batch.measuredUs[row] ?? NaN,
          late: batch.late === true,
        });
      }
      if (settle) await batch.settle?.();
      await this.#go;
    }
  }
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!holds()) {
    assert.ok(performance.now() < endMs, `did not happen in time: ${what}`);
    await systemClock.sleep(5, new AbortController().signal);
  }
}

export async function withStateFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "millwright-opcua-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
