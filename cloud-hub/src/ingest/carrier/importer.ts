/**
 * Takes in what a carrier brought, after its signature was compared with the pinned key: the gateway's hello as it would
 * have said it, its frames in the transaction that frames of the road take, and then the marks, signed, for the way back.
 * Frames keep their identities, so a stick that comes twice, or what is also sent, is stored once (invariant N2).
 */
import { randomBytes } from "node:crypto";

import {
  fingerprintOf,
  isFingerprintOf,
  isRefusal,
  marksName,
  provesFile,
  readManifest,
  refuse,
  sealMarks,
  unpackFrames,
  type CarriedFrame,
  type Manifest,
  type SigningKey,
} from "@millwright/carrier";
import { messageChain, type Clock, type Log, type Refused } from "@millwright/kit";
import type { GatewayId, HelloAnswer, RoadLane } from "@millwright/wire-contract";

import { IncarnationChanged, type Taken } from "../frame-store.ts";
import type { GatewayKeys } from "./gateway-keys.ts";

/** What an import needs of ingest. */
export interface CarriedIntake {
  /** As over the road; undefined when it cannot be understood. */
  hello(gateway: GatewayId, bytes: Uint8Array): Promise<HelloAnswer | undefined>;
  /** One transaction. Throws when the database does not take it. */
  takeCarried(
    frames: readonly {
      readonly gateway: GatewayId;
      readonly lane: RoadLane;
      readonly bytes: Uint8Array;
    }[],
  ): Promise<Taken>;
}

export interface ImporterOptions {
  readonly intake: CarriedIntake;
  readonly keys: GatewayKeys;
  /** The hub's own. */
  readonly key: SigningKey;
  readonly clock: Clock;
  readonly log: Log;
}

/** What became of the frames of a file, or of a whole import. */
export interface ImportCounts {
  readonly frames: number;
  /** Not stored before. */
  readonly stored: number;
  readonly samplesStored: number;
  /** Stored before, by whatever way. */
  readonly repeated: number;
  /** Rows that went to the quarantine. */
  readonly quarantined: number;
}

export interface BegunImport {
  readonly session: string;
  readonly gateway: GatewayId;
}

export interface EndedImport extends ImportCounts {
  readonly gateway: GatewayId;
  /** Name and bytes of the file for the way back. */
  readonly marksName: string;
  readonly marks: Uint8Array;
}

interface Session {
  readonly manifest: Manifest;
  counts: ImportCounts;
}

/** One transaction takes at most about this much, as with the road. */
const batchBytesMax = 4 * 2 ** 20;
/** People with sticks at one time; the one that has waited longest makes room, and is begun again by its command. */
const sessionsMax = 8;
const noneYet: ImportCounts = {
  frames: 0,
  stored: 0,
  samplesStored: 0,
  repeated: 0,
  quarantined: 0,
};

export class Importer {
  readonly #options: ImporterOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: ImporterOptions) {
    this.#options = options;
  }

  /** @param accept the fingerprint that a person typed, for a gateway that the hub has not met */
  async begin(
    manifestBytes: Uint8Array,
    accept: string | undefined,
  ): Promise<BegunImport | Refused> {
    const manifest = readManifest(manifestBytes);
    if (isRefusal(manifest)) return manifest;
    const { gateway } = manifest;
    const notPinned = await this.#judge(manifest, accept);
    if (notPinned !== undefined) return notPinned;
    const answer = await this.#hello(manifest);
    if (isRefusal(answer)) return answer;
    const session = randomBytes(16).toString("hex");
    this.#sessions.set(session, { manifest, counts: noneYet });
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > sessionsMax && oldest !== undefined) this.#sessions.delete(oldest);
    return { session, gateway };
  }

  /** One file of the manifest; whole and as it was signed, or refused. */
  async file(session: string, name: string, bytes: Uint8Array): Promise<ImportCounts | Refused> {
    const begun = this.#sessions.get(session);
    const file = begun?.manifest.files.find((one) => one.name === name);
    if (begun === undefined || file === undefined) return refuse("no such import has begun");
    const wrong = provesFile(file, bytes);
    if (wrong !== undefined) return wrong;
    const frames = unpackFrames(bytes);
    if (isRefusal(frames)) return refuse(`${name}: ${frames.reason}`);
    let counts = noneYet;
    try {
      for (const batch of batchesOf(frames)) {
        counts = sumOf(counts, await this.#take(begun.manifest.gateway, batch));
      }
    } catch (failure) {
      if (failure instanceof IncarnationChanged)
        return refuse(`${name}: the database was started again meanwhile; import once more`);
      this.#options.log.error("ingest.import-failed", { name, reason: messageChain(failure) });
      return refuse(`${name}: the database did not take it (${messageChain(failure)})`);
    }
    begun.counts = sumOf(begun.counts, counts);
    return counts;
  }

  /** What the hub now has of this gateway, for the way back. */
  async end(session: string): Promise<EndedImport | Refused> {
    const begun = this.#sessions.get(session);
    if (begun === undefined) return refuse("no such import has begun");
    this.#sessions.delete(session);
    const { manifest, counts } = begun;
    const { gateway, hello } = manifest;
    const { key, clock, log } = this.#options;
    const answer = await this.#hello(manifest);
    if (isRefusal(answer)) return answer;
    const marks = sealMarks(
      {
        version: 1,
        gateway,
        publicKey: key.publicKey,
        madeUs: clock.nowUs(),
        incarnation: answer.incarnation,
        ...(hello.incarnation === undefined ? {} : { after: hello.incarnation }),
        marks: answer.marks,
      },
      key,
    );
    log.info("ingest.imported", { gateway, ...counts });
    return { gateway, ...counts, marksName: marksName(gateway), marks };
  }

  async #judge(
    { gateway, publicKey }: Manifest,
    accept: string | undefined,
  ): Promise<Refused | undefined> {
    const { keys, clock } = this.#options;
    const pinned = await keys.pinned(gateway);
    if (pinned?.publicKey === publicKey) return undefined;
    const shown = fingerprintOf(publicKey);
    if (pinned !== undefined) {
      // Noted as shown, so that people see it and may pin it; a gateway without a road has no other way to show it.
      await keys.met(gateway, publicKey, clock.nowUs());
      return refuse(
        `it is signed with the key ${shown}, and gateway ${gateway} is known by ${fingerprintOf(pinned.publicKey)}. If its hardware or data folder was replaced, compare ${shown} with what its own page or "key" says, and run: pin ${gateway} ${shown}`,
      );
    }
    if (accept === undefined)
      return refuse(
        `the hub has never met gateway ${gateway}. Compare ${shown} with what its own page or "key" says; when they are the same, run this again with --accept ${shown}`,
      );
    if (!isFingerprintOf(accept, publicKey))
      return refuse(`it is signed with the key ${shown}, not with ${accept}`);
    await keys.pin(gateway, publicKey, "a person, with an import", clock.nowUs());
    return undefined;
  }

  async #hello({ gateway, hello }: Manifest): Promise<HelloAnswer | Refused> {
    const answer = await this.#options.intake.hello(gateway, Buffer.from(JSON.stringify(hello)));
    return answer ?? refuse("the gateway's hello in the manifest is not understood");
  }

  async #take(gateway: GatewayId, batch: readonly CarriedFrame[]): Promise<ImportCounts> {
    // A frame under another gateway's name is found by its head, and put in quarantine as it would be from the road.
    const frames = batch.map(({ lane, bytes }) => ({ gateway, lane, bytes }));
    const taken = await this.#options.intake.takeCarried(frames);
    return {
      frames: batch.length,
      stored: taken.stored.length,
      samplesStored: taken.stored.reduce((sum, { head }) => sum + head.sampleCount, 0),
      repeated: taken.repeats,
      quarantined: taken.quarantined,
    };
  }
}

function* batchesOf(frames: readonly CarriedFrame[]): Iterable<readonly CarriedFrame[]> {
  let batch: CarriedFrame[] = [];
  let bytes = 0;
  for (const frame of frames) {
    batch.push(frame);
    bytes += frame.bytes.length;
    if (bytes < batchBytesMax) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function sumOf(a: ImportCounts, b: ImportCounts): ImportCounts {
  return {
    frames: a.frames + b.frames,
    stored: a.stored + b.stored,
    samplesStored: a.samplesStored + b.samplesStored,
    repeated: a.repeated + b.repeated,
    quarantined: a.quarantined + b.quarantined,
  };
}
