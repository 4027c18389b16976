/** Sticks between a played gateway and a played hub: the real export and import, over a real folder and a real door. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  fingerprintOf,
  isRefusal,
  openExport,
  openKey,
  type ReadableExport,
  type SigningKey,
} from "@millwright/carrier";
import {
  Importer,
  type EndedImport,
  type GatewayKeys,
  type PinnedKey,
} from "@millwright/cloud-hub/parts";
import {
  carrierFiles,
  createCarrierDoor,
  runExport,
  runningSource,
  type CarrierFiles,
  type Exported,
} from "@millwright/edge-runtime/parts";
import { silentLog, type Refused } from "@millwright/kit";
import { callDoor } from "@millwright/local-door";
import type { GatewayId } from "@millwright/wire-contract";

import type { Edge, Plant } from "./plant.ts";

/** Small, so that an export of a minute has several files. */
const fileBytes = 2_000;

export class CarrierRig implements AsyncDisposable {
  readonly stick: string;
  readonly key: SigningKey;
  readonly hubKey: SigningKey;
  readonly keys = new PlayedKeys();
  readonly importer: Importer;
  readonly #plant: Plant;
  readonly #edge: Edge;
  readonly #files: CarrierFiles;
  readonly #folder: string;

  constructor(plant: Plant, edge: Edge) {
    this.#plant = plant;
    this.#edge = edge;
    this.#folder = mkdtempSync(join(tmpdir(), "millwright-carrier-"));
    this.stick = mkdtempSync(join(this.#folder, "stick-"));
    this.#files = carrierFiles(join(this.#folder, "gateway"));
    this.key = openKey(this.#files.key);
    this.hubKey = openKey(join(this.#folder, "hub-key.pem"));
    const { ingest } = plant.hub;
    assert.ok(ingest !== undefined);
    this.importer = new Importer({
      intake: ingest,
      keys: this.keys,
      key: this.hubKey,
      clock: plant.clock,
      log: silentLog,
    });
  }

  /** @param range of measured times; absent: all that waits */
  async export(range?: { readonly fromUs: number; readonly untilUs: number }): Promise<Exported> {
    return await this.#withDoor(() =>
      runExport(runningSource(this.#files.door), {
        to: this.stick,
        key: this.key,
        exportedUs: this.#edge.clock.nowUs(),
        gateway: {
          ...{ gateway: this.#id, name: "Sim", site: "sim", hmi: "", software: "sim" },
          publicKey: this.key.publicKey,
        },
        ...(range === undefined ? {} : { range }),
        progress: () => undefined,
        fileBytes,
      }),
    );
  }

  /** Every file of the export, as the hub's command hands them over. */
  async import(folder: string): Promise<EndedImport | Refused> {
    const opened = await openExport(folder);
    return isRefusal(opened) ? opened : await this.played(this.#importOpened(opened));
  }

  /** @returns what was refused, in words; undefined when the marks were taken */
  async takeMarks(
    marks: Uint8Array,
    accept = fingerprintOf(this.hubKey.publicKey),
  ): Promise<string | undefined> {
    const query = new URLSearchParams(accept === "" ? {} : { accept });
    const path = `/marks?${query.toString()}`;
    const answer = await this.#withDoor(() => callDoor(this.#files.door, path, marks));
    return isRefusal(answer) ? answer.reason : undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
    return Promise.resolve();
  }

  get #id(): GatewayId {
    return this.#edge.gateway.options.gateway;
  }

  async #importOpened(opened: ReadableExport): Promise<EndedImport | Refused> {
    const accept = fingerprintOf(this.key.publicKey);
    const begun = await this.importer.begin(opened.manifestBytes, accept);
    if (isRefusal(begun)) return begun;
    for (const file of opened.manifest.files) {
      const bytes = await opened.read(file);
      if (isRefusal(bytes)) return bytes;
      const taken = await this.importer.file(begun.session, file.name, bytes);
      if (isRefusal(taken)) return taken;
    }
    return await this.importer.end(begun.session);
  }

  /** The way to the database takes played time. */
  async played<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const done = work.finally(() => {
      over = true;
    });
    done.catch(() => undefined);
    const isOver = (): boolean => over;
    while (!isOver()) await this.#plant.clock.advance(10);
    return await done;
  }

  async #withDoor<T>(work: () => Promise<T>): Promise<T> {
    const { journal } = this.#edge.gateway;
    assert.ok(journal !== undefined, "the gateway runs");
    const door = createCarrierDoor({
      files: this.#files,
      gateway: this.#id,
      outbox: journal.outbox,
      sealOpen: () => journal.sealOpen(),
      log: silentLog,
    });
    await door.start();
    try {
      return await work();
    } finally {
      await door.stop();
    }
  }
}

/** Pins in memory; those in PostgreSQL have tests of their own. */
class PlayedKeys implements GatewayKeys {
  readonly #pins = new Map<GatewayId, PinnedKey>();

  pinned(gateway: GatewayId): Promise<PinnedKey | undefined> {
    return Promise.resolve(this.#pins.get(gateway));
  }

  met(gateway: GatewayId, offeredKey: string, nowUs: number): Promise<void> {
    const pin = this.#pins.get(gateway);
    if (pin !== undefined) this.#pins.set(gateway, { ...pin, offeredKey, offeredUs: nowUs });
    return Promise.resolve();
  }

  pin(gateway: GatewayId, publicKey: string, _by: string, nowUs: number): Promise<void> {
    this.#pins.set(gateway, { publicKey, pinnedUs: nowUs, offeredUs: 0 });
    return Promise.resolve();
  }
}
