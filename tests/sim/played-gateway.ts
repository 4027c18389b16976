/** One gateway: the real steps, joined as `runtime.ts` joins them, on a played clock. */
import {
  createNormaliser,
  createUplink,
  DeviceSupervisor,
  keep,
  openJournalCore,
  releaseOnMark,
  type DeclaredTag,
  type JournalCore,
  type PointSettings,
  type ReleaseRule,
  type Road,
} from "@millwright/edge-runtime/parts";
import { messageChain, silentLog, type Log, type Random } from "@millwright/kit";
import type { GatewayId, LaneMark, TagId } from "@millwright/wire-contract";

import type { PlayedDevice } from "./played-device.ts";
import type { PlayedEvents } from "./played-events.ts";
import type { PlayedRoad } from "./played-road.ts";
import type { SteppedClock } from "./stepped-clock.ts";

export interface GatewayOptions {
  readonly gateway: GatewayId;
  /** Where its journal is. */
  readonly folder: string;
  readonly commitEveryMs: number;
  readonly keepRawHours: number;
  /** The least that the settings take, when absent. */
  readonly journalBytesMax?: number;
  readonly everyMs: number;
  readonly tags: readonly string[];
  readonly clock: SteppedClock;
  readonly random: Random;
  readonly device: PlayedDevice;
  /** What happens on it besides; nothing when absent. */
  readonly events?: PlayedEvents;
  readonly road: PlayedRoad;
  readonly releaseRule?: ReleaseRule;
  /** The road as the uplink sees it, where a protection is switched off. */
  readonly uplinkRoad?: Road;
  /** Stands between journal and uplink where a protection is switched off. */
  readonly outbox?: (outbox: JournalCore["outbox"]) => JournalCore["outbox"];
  readonly log?: Log;
}

interface Running {
  readonly journal: JournalCore;
  readonly uplink: ReturnType<typeof createUplink>;
  readonly supervisor: DeviceSupervisor;
  readonly events: AbortController;
}

/** The least that the settings take. */
const journalBytesLeast = 64 * 2 ** 20;
const quarantineAheadUs = 10_000_000;
const aborted = AbortSignal.abort();

export class PlayedGateway {
  /** What broke that must not break. */
  readonly broken: string[] = [];
  readonly options: GatewayOptions;
  #running: Running | undefined;
  #started = false;
  #random: Random;

  constructor(options: GatewayOptions) {
    this.options = options;
    this.#random = options.random;
  }

  /** From the next start on it draws from here: a clone draws the same as its original. */
  drawFrom(random: Random): void {
    this.#random = random;
  }

  /** Other hardware: from the next start on it draws what nobody else draws. */
  drawOwn(): void {
    this.#random = this.options.random;
  }

  get #bytesMax(): number {
    return this.options.journalBytesMax ?? journalBytesLeast;
  }

  /** Does nothing when it runs: two faults may each start again what both have killed. */
  async start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    const { gateway, folder, clock, device, road, releaseRule } = this.options;
    const random = this.#random;
    const log = this.options.log ?? silentLog;
    const onBroken = (failure: unknown): void => {
      this.broken.push(`${gateway} broke: ${messageChain(failure)}`);
    };
    const downUntilUs = clock.nowUs();
    const journal = openJournalCore({
      folder,
      gateway,
      commitEveryMs: this.options.commitEveryMs,
      keepRawHours: this.options.keepRawHours,
      tellEveryMs: 1_000,
      bytesMax: this.#bytesMax,
      clock,
      clockIsSet: () => clock.isSet,
      random,
      log,
      onBroken,
    });
    const dictionary = await journal.adoptTags(this.#declared());
    const points = this.#points();
    const normaliser = createNormaliser({
      device: device.id,
      tags: this.#declared().map((tag, point) => ({
        index: dictionary.byId(tag.id)?.index ?? -1,
        point,
        type: tag.type,
        scale: tag.scale,
        offset: tag.offset,
        clock: tag.clock,
      })),
      clockPolicy: "auto",
      quarantineAheadUs,
      clock,
      gatewayClock: () => (clock.isSet ? "set" : "unset"),
      onLoss: (loss) => {
        journal.charge(loss);
      },
      onClock: () => undefined,
    });
    const supervisor = new DeviceSupervisor({
      device: {
        id: device.id,
        name: device.id,
        driver: device.driver,
        connection: {},
        points,
      },
      clock,
      random,
      log,
      stateFolder: folder,
      queueMax: 50_000,
      downUntilUs,
      deliver: (batch, signal) => keep(normaliser.normalise(batch), journal, clock, signal),
      charge: (loss) => {
        journal.charge(loss);
      },
      proven: () => undefined,
      changed: () => undefined,
      resume: () => journal.resume(device.id),
      saveResume: (resume) => {
        journal.saveResume(device.id, resume);
      },
    });
    const uplink = createUplink({
      outbox: this.options.outbox?.(journal.outbox) ?? journal.outbox,
      orders: journal.orders,
      road: this.options.uplinkRoad ?? road,
      link: { bytesPerSMax: Infinity, historyShare: 1 },
      gateway: { gateway, name: gateway, site: "sim", hmi: "", software: "sim" },
      clock,
      random,
      log,
      releaseRule: releaseRule ?? releaseOnMark,
      beat: () => ({
        version: 1,
        gateway,
        nowUs: clock.nowUs(),
        devices: [supervisor.status],
        waitingFrames: journal.outbox.waiting().frames,
        waitingSamples: journal.outbox.waiting().samples,
        oldestWaitingMs: 0,
        unexplained: journal.counters().unexplained,
        stopping: false,
      }),
    });
    uplink.broken.catch(onBroken);
    supervisor.broken.catch(onBroken);
    await uplink.start();
    await supervisor.start();
    const events = new AbortController();
    void this.options.events?.say(journal.events, clock, events.signal);
    this.#running = { journal, uplink, supervisor, events };
  }

  /** kill -9: what is in memory is gone, and nobody says goodbye. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    this.#started = false;
    running.events.abort();
    this.#checkBalance(running);
    this.options.road.drop();
    await running.journal.abandon();
    // Ends the loops; what they still say goes nowhere.
    await Promise.all([running.supervisor.stop(), running.uplink.stop(aborted)]);
  }

  /** Nothing more happens. */
  fallQuiet(): void {
    this.options.device.fallQuiet();
    this.#running?.events.abort();
  }

  /** For what is asked beside the road; undefined while it does not run. */
  get journal(): JournalCore | undefined {
    return this.#running?.journal;
  }

  /** Everything that was sealed is at the hub, and the link is up. */
  get atRest(): boolean {
    if (this.#running === undefined) return false;
    const { journal, uplink } = this.#running;
    const counters = journal.counters();
    return (
      uplink.link.state === "in sync" &&
      journal.outbox.waiting().frames === 0 &&
      counters.inMemory === 0
    );
  }

  /** Tells whether the journal's file is within its budget (N8). */
  get withinBudget(): boolean {
    const counters = this.#running?.journal.counters();
    return counters === undefined || counters.journalBytes <= this.#bytesMax;
  }

  /**
   * What the gateway holds to be at the hub (N4 says that it is); nothing while it believes in another database.
   *
   * @param incarnation of the database as it is
   */
  async held(incarnation: string): Promise<readonly LaneMark[]> {
    const outbox = this.#running?.journal.outbox;
    if (outbox?.incarnation() !== incarnation) return [];
    const lanes = await outbox.lanes();
    return lanes.map(({ epoch, lane, baseSeq, storedSeq }) => ({
      epoch,
      lane,
      storedSeq,
      safeSeq: baseSeq,
      chain: "",
    }));
  }

  /** In words, for a message about a lane that stands. */
  async standing(): Promise<string> {
    const running = this.#running;
    if (running === undefined) return "not running";
    const lanes = await running.journal.outbox.lanes();
    const words = lanes.map(
      ({ epoch, lane, storedSeq, headSeq }) =>
        `${epoch.slice(0, 6)}/${lane} ${storedSeq} of ${headSeq}`,
    );
    return `${running.uplink.link.state}; ${words.join(", ")}`;
  }

  checkBalance(): void {
    if (this.#running !== undefined) this.#checkBalance(this.#running);
  }

  #checkBalance({ journal, supervisor }: Running): void {
    const { gateway } = this.options;
    const { unexplained } = journal.counters();
    if (unexplained !== 0) this.broken.push(`N10: ${gateway} intake misses ${unexplained} samples`);
    const source = supervisor.account.unexplained;
    if (source !== 0) this.broken.push(`N10: ${gateway} source misses ${source} readings`);
  }

  #points(): readonly PointSettings[] {
    const { tags, everyMs } = this.options;
    return tags.map((tag) => ({ tag, address: tag, type: "float64", everyMs, options: {} }));
  }

  #declared(): readonly DeclaredTag[] {
    const { tags, everyMs, device } = this.options;
    return tags.map((id, index) => ({
      id: id as TagId,
      name: id,
      device: device.id,
      type: "float64",
      kind: "measurement",
      unit: "1",
      decimals: 0,
      scale: 1,
      offset: 0,
      // Both kinds of stamps, because a clock that is set moves only one of them.
      clock: index % 2 === 0 ? "gateway" : "device",
      expectedMs: everyMs,
      low: NaN,
      high: NaN,
      asset: "",
      texts: new Map(),
      filteredAtSource: "",
    }));
  }
}
