import type {
  FrameStore,
  Intake,
  MemoryBackup,
  MemoryStore,
  Taken,
} from "@millwright/cloud-hub/parts";
import type { Clock, Random } from "@millwright/kit";
import { BackupMarks } from "./backup-marks.ts";
import { pause } from "./pause.ts";
import type {
  Dictionary,
  GatewayId,
  Hello,
  HelloAnswer,
  LaneMark,
} from "@millwright/wire-contract";

/** A transaction takes at most so long. */
const commitMsMax = 30;
/**
 * The way to the database: it takes time, and the database may be killed before it has committed, or after it has and
 * before it could say so. Reading is not played: the simulation itself reads.
 */
export class PlayedDatabase implements FrameStore {
  readonly store: MemoryStore;
  readonly safe = new BackupMarks();
  readonly #clock: Clock;
  readonly #random: Random;
  /** Of the question that is asked all the time: it draws nothing from what decides the story. */
  readonly #asking: Random;
  #starts = 0;
  #up = true;
  #newest: MemoryBackup | undefined;

  constructor(store: MemoryStore, clock: Clock, random: Random) {
    this.store = store;
    this.#clock = clock;
    this.#random = random;
    this.#asking = random.fork("asking");
  }

  kill(): void {
    this.#up = false;
    this.#starts++;
  }

  /** What a backup holds now; gateways may delete what lies in it. */
  backUp(): void {
    this.#newest = this.store.backUp();
    this.safe.take(this.#newest);
  }

  /** While it is down: what was stored since the newest backup is gone. */
  restore(): void {
    if (this.#newest !== undefined) this.store.restore(this.#newest);
  }

  start(): void {
    if (this.#up) return;
    this.store.restart();
    this.#up = true;
  }

  incarnation(): Promise<string> {
    return this.#ask(() => this.store.incarnation());
  }

  isTheSame(): Promise<boolean> {
    return this.#ask(() => this.store.isTheSame(), this.#asking);
  }

  takeIn(intake: Intake): Promise<Taken> {
    return this.#ask(() => this.store.takeIn(intake));
  }

  hello(hello: Hello, nowUs: number): Promise<HelloAnswer> {
    return this.#ask(() => this.store.hello(hello, nowUs));
  }

  marks(gateway: GatewayId): Promise<readonly LaneMark[]> {
    return this.#ask(() => this.store.marks(gateway));
  }

  dictionary(gateway: GatewayId, hash: bigint): Promise<Dictionary | undefined> {
    return this.#ask(() => this.store.dictionary(gateway, hash));
  }

  noteUndecodable(...asked: Parameters<FrameStore["noteUndecodable"]>): Promise<void> {
    return this.store.noteUndecodable(...asked);
  }

  keepBeats(beats: Parameters<FrameStore["keepBeats"]>[0]): Promise<void> {
    return this.store.keepBeats(beats);
  }

  gateways(...asked: Parameters<FrameStore["gateways"]>): ReturnType<FrameStore["gateways"]> {
    return this.store.gateways(...asked);
  }

  gateway(gateway: GatewayId): ReturnType<FrameStore["gateway"]> {
    return this.store.gateway(gateway);
  }

  newestDictionary(gateway: GatewayId): Promise<Dictionary | undefined> {
    return this.store.newestDictionary(gateway);
  }

  newestDictionaries(
    ...asked: Parameters<FrameStore["newestDictionaries"]>
  ): ReturnType<FrameStore["newestDictionaries"]> {
    return this.store.newestDictionaries(...asked);
  }

  samplesBetween(
    ...asked: Parameters<FrameStore["samplesBetween"]>
  ): ReturnType<FrameStore["samplesBetween"]> {
    return this.store.samplesBetween(...asked);
  }

  newestSamples(
    ...asked: Parameters<FrameStore["newestSamples"]>
  ): ReturnType<FrameStore["newestSamples"]> {
    return this.store.newestSamples(...asked);
  }

  entriesBetween(
    ...asked: Parameters<FrameStore["entriesBetween"]>
  ): ReturnType<FrameStore["entriesBetween"]> {
    return this.store.entriesBetween(...asked);
  }

  clockRecords(
    ...asked: Parameters<FrameStore["clockRecords"]>
  ): ReturnType<FrameStore["clockRecords"]> {
    return this.store.clockRecords(...asked);
  }

  events(...asked: Parameters<FrameStore["events"]>): ReturnType<FrameStore["events"]> {
    return this.store.events(...asked);
  }

  alarms(max: number, gateway?: string): ReturnType<FrameStore["alarms"]> {
    return this.store.alarms(max, gateway);
  }

  quarantine(rowsMax: number): ReturnType<FrameStore["quarantine"]> {
    return this.store.quarantine(rowsMax);
  }

  async #ask<T>(work: () => Promise<T>, random = this.#random): Promise<T> {
    const starts = this.#starts;
    const check = (): void => {
      if (!this.#up || starts !== this.#starts)
        throw new Error("the database ended the connection");
    };
    check();
    await pause(this.#clock, random.next() * commitMsMax);
    check();
    const answer = await work();
    await pause(this.#clock, random.next() * commitMsMax);
    check();
    return answer;
  }
}
