/**
 * Orders of people to gateways: kept in the database, repeated until the gateway says that it has them, and over when what
 * both sides hold was compared (no-loss protocol 2, repair answer; 7). Any hub can serve any order: what counts is in
 * the database, and what is done twice is done once.
 */
import {
  aborted,
  messageChain,
  type Clock,
  type Log,
  type Random,
  type Refused,
} from "@millwright/kit";
import {
  ordersEveryMs,
  ordersMax,
  type DeviceStatus,
  type Dictionary,
  type GatewayId,
  type LossCount,
  type OrderReport,
  type OrdersMessage,
  type TagAnswer,
  type TagId,
} from "@millwright/wire-contract";

import { poolConnections } from "../database/connections.ts";
import { openPool } from "../database/pool.ts";
import type {
  BucketAnswer,
  BucketOrder,
  DigestAnswer,
  DigestOrder,
  FrameReader,
} from "../hand-over.ts";
import type {
  AcknowledgementBoard,
  LedgerView,
  OrderBoard,
  OrderComparison,
  OrderKind,
  OrderView,
  OrderWish,
} from "../order-views.ts";
import { AcknowledgementDesk } from "./acknowledgement-desk.ts";
import { AcknowledgementStore } from "./acknowledgement-store.ts";
import { cellsOf, chargesOf, type RepairedClaim } from "./charges.ts";
import { claimedRanges, creditsOf } from "./claims.ts";
import { ledgerCsvHead, ledgerCsvLine } from "./ledger-csv.ts";
import { parseReport } from "./order-messages.ts";
import { OrderStore, type OrderRow } from "./order-store.ts";
import { isHealable, repairOffer } from "./repair-offer.ts";

export interface OrderDeskOptions {
  readonly store: OrderStore;
  readonly reader: Pick<FrameReader, "gateway" | "newestDictionary">;
  readonly digest: (order: DigestOrder) => Promise<DigestAnswer>;
  /** Undefined while something of the gateway is not in the tiers yet. */
  readonly digestBuckets: (order: BucketOrder) => Promise<BucketAnswer | undefined>;
  readonly acknowledgements: Pick<AcknowledgementDesk, "look" | "gateways" | "of">;
  /** How the devices of a gateway are, as it said last. */
  readonly devices: (gateway: GatewayId) => readonly DeviceStatus[];
  readonly publish: (gateway: GatewayId, message: OrdersMessage) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Samples of a longer range are not counted for the sake of a list: a month of a tag at 1 Hz is read in a second. */
const chargedUsMax = 31 * 86_400_000_000;
/** A list that takes longer is not waited for. */
const statementMs = 30_000;

/** With connections of its own. */
export function openOrderDesk(
  databaseUrl: string,
  options: Omit<OrderDeskOptions, "store" | "acknowledgements">,
): OrderDesk & { readonly acknowledgements: AcknowledgementBoard } & AsyncDisposable {
  const { reader, log } = options;
  const connectionsMax = poolConnections.orders;
  const pool = openPool({ url: databaseUrl, connectionsMax, statementMs, log });
  const acknowledgements = new AcknowledgementDesk({
    ...options,
    shelf: new AcknowledgementStore(pool),
    isKnown: async (gateway) => (await reader.gateway(gateway as GatewayId)) !== undefined,
    tell: (gateway) => {
      desk.tell(gateway);
    },
  });
  const desk = new OrderDesk({ ...options, acknowledgements, store: new OrderStore(pool) });
  return Object.assign(desk, { acknowledgements, [Symbol.asyncDispose]: () => pool.end() });
}

export class OrderDesk implements OrderBoard {
  readonly #options: OrderDeskOptions;
  /** What is not over, as of the last look into the database. */
  #open: readonly OrderRow[] = [];
  /** What gateways have said since, which is newer. */
  readonly #reports = new Map<number, OrderReport>();
  /** Being counted or compared here. */
  readonly #busy = new Set<number>();

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  /** Repeats what is wanted until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { acknowledgements, clock } = this.#options;
    const stopped = aborted(signal);
    while (!signal.aborted) {
      await this.#look();
      await acknowledgements.look();
      const ordered = this.#open.map(({ gateway }) => gateway);
      const gateways = new Set([...ordered, ...acknowledgements.gateways()]);
      for (const gateway of gateways) this.tell(gateway);
      await Promise.race([stopped, clock.sleep(ordersEveryMs, signal).catch(() => undefined)]);
    }
  }

  heard(gateway: GatewayId, bytes: Uint8Array): void {
    const { log } = this.#options;
    const report = parseReport(bytes);
    if ("kind" in report) {
      log.warn("orders.report-unreadable", { gateway, reason: report.reason });
      return;
    }
    const order = this.#open.find(({ id }) => id === report.id);
    if (order?.gateway !== gateway) {
      // Cancelled, done, or of a database that was put back: it is to let it go. A new one is found with the next look.
      this.tell(gateway);
      return;
    }
    const before = this.#reports.get(report.id) ?? order.report;
    this.#reports.set(report.id, report);
    const work = this.#follow(order, report, before?.state !== report.state);
    work.catch((failure: unknown) => {
      log.warn("orders.failed", { order: order.id, reason: messageChain(failure) });
    });
  }

  async list(gateway: string, kind: OrderKind): Promise<readonly OrderView[]> {
    const rows = await this.#options.store.list(gateway, kind);
    return rows.map((row) => this.#view(row));
  }

  async ask(gateway: string, kind: OrderKind, wish: OrderWish): Promise<OrderView | Refused> {
    const { store, reader, clock, random, log } = this.#options;
    const known = await reader.gateway(gateway as GatewayId);
    if (known === undefined) return refused("the hub has never heard of this gateway");
    const nowUs = clock.nowUs();
    if (kind === "repair" && wish.toUs > nowUs) return refused("a repair is of the past");
    if (kind === "recording" && wish.toUs <= nowUs)
      return refused("a recording is of a time to come");
    if (kind === "recording" && wish.resolution !== "samples")
      return refused("a recording is of samples");
    const fromDevice = wish.source === "device";
    if (fromDevice && (kind !== "repair" || wish.resolution !== "samples"))
      return refused("what a device keeps is brought as a repair of samples");
    if (fromDevice) {
      const dictionary = await reader.newestDictionary(known.gateway);
      const without = wish.tags.filter((tag) => !this.#isInDevice(known.gateway, tag, dictionary));
      if (without.length > 0)
        return refused(`no device keeps a history of ${without.join(", ")} that can be read now`);
    }
    const open = (await store.open()).filter((order) => order.gateway === gateway);
    if (open.length >= ordersMax) {
      return refused(`${ordersMax} orders of this gateway are not over; cancel one or wait`);
    }
    const order: OrderRow = {
      id: 1 + Math.floor(random.next() * 2 ** 48),
      gateway: known.gateway,
      kind,
      tags: wish.tags,
      fromUs: wish.fromUs,
      toUs: wish.toUs,
      resolution: wish.resolution,
      source: wish.source,
      bytesPerSMax: (wish.kbitPerS * 1_000) / 8,
      askedUs: nowUs,
      healed: 0,
    };
    await store.add(order);
    log.info("orders.asked", { order: order.id, gateway, kind, tags: order.tags.length });
    await this.#look();
    this.tell(order.gateway);
    return this.#view(order);
  }

  async cancel(gateway: string, kind: OrderKind, id: number): Promise<boolean> {
    const { store, clock, log } = this.#options;
    const ended = await store.end(id, "cancelled", clock.nowUs(), { gateway, kind });
    if (!ended) return false;
    log.info("orders.cancelled", { order: id, gateway });
    await this.#look();
    this.tell(gateway as GatewayId);
    return true;
  }

  async ledger(
    gateway: string,
    tag: string,
    fromUs: number,
    toUs: number,
  ): Promise<readonly LedgerView[]> {
    const { store, reader } = this.#options;
    const dictionary = await reader.newestDictionary(gateway as GatewayId);
    const device = dictionary?.byId(tag)?.device;
    const of = { tags: [tag], devices: device === undefined ? [] : [device] };
    const own = await store.claims(gateway, fromUs, toUs, of);
    const inDevice = this.#isInDevice(gateway as GatewayId, tag, dictionary);
    const charges = await this.#charges(gateway as GatewayId, tag as TagId, own, dictionary, {
      fromUs,
      toUs,
    });
    return own.map((entry, at) => {
      const { reason, scope, count, repaired } = entry;
      const repair = repairOffer(entry, own, inDevice);
      const charged = charges?.[at];
      const view = {
        reason,
        scope,
        fromUs: entry.fromUs,
        toUs: entry.toUs,
        count,
        repaired,
        repair,
      };
      return charged === undefined ? view : { ...view, charged };
    });
  }

  async *ledgerCsv(gateway: string, fromUs: number, toUs: number): AsyncIterable<string> {
    yield ledgerCsvHead;
    for await (const page of this.#options.store.claimPages(gateway, fromUs, toUs)) {
      yield page.map((entry) => ledgerCsvLine(gateway, entry)).join("");
    }
  }

  /** Its device keeps a history of the tag, and can be asked for it now. */
  #isInDevice(gateway: GatewayId, tag: string, dictionary: Dictionary | undefined): boolean {
    const known = dictionary?.byId(tag);
    if (known === undefined) return false;
    const device = this.#options.devices(gateway).find((one) => one.device === known.device);
    return (
      device?.history?.some(([first, last]) => first <= known.index && known.index <= last) ?? false
    );
  }

  /** What is stored of the tag is counted where a claim says no number of its own. */
  async #charges(
    gateway: GatewayId,
    tag: TagId,
    claims: readonly RepairedClaim[],
    dictionary: Dictionary | undefined,
    asked: { readonly fromUs: number; readonly toUs: number },
  ): Promise<readonly LossCount[] | undefined> {
    const toUs = Math.min(asked.toUs, this.#options.clock.nowUs());
    if (toUs - asked.fromUs > chargedUsMax) return undefined;
    const cells = cellsOf(claims, asked.fromUs, toUs);
    const ranges = cells.map((cell) => ({ ...cell, tag, epochNo: 0, number: 0 }));
    const tags = [{ tag, fromUs: toUs }];
    const { counts } =
      ranges.length === 0
        ? { counts: [] }
        : await this.#options.digest({ gateway, tags, toUs, ranges });
    const expectedMs = dictionary?.byId(tag)?.expectedMs ?? NaN;
    return chargesOf(claims, cells, counts, expectedMs > 0 ? expectedMs * 1_000 : NaN);
  }

  async #look(): Promise<void> {
    const { store, log } = this.#options;
    try {
      this.#open = await store.open();
      const open = new Set(this.#open.map(({ id }) => id));
      for (const id of this.#reports.keys()) if (!open.has(id)) this.#reports.delete(id);
    } catch (failure) {
      log.warn("orders.not-read", { reason: messageChain(failure) });
    }
  }

  /** All that is wanted of a gateway now. */
  tell(gateway: GatewayId): void {
    const { acknowledgements, publish, clock } = this.#options;
    const asked = acknowledgements.of(gateway);
    const orders = this.#open.filter((order) => order.gateway === gateway).slice(0, ordersMax);
    publish(gateway, {
      version: 1,
      generation: clock.nowUs(),
      orders: orders.map((order) => ({
        ...{ id: order.id, kind: order.kind, tags: order.tags },
        ...{ fromUs: order.fromUs, toUs: order.toUs, bytesPerSMax: order.bytesPerSMax },
        ...(order.resolution === "samples" ? {} : { resolution: order.resolution }),
        ...(order.source === "gateway" ? {} : { source: order.source }),
        mayAnswer: order.counted !== undefined,
      })),
      ...(asked.length === 0 ? {} : { acknowledgements: asked }),
    });
  }

  async #follow(order: OrderRow, report: OrderReport, changed: boolean): Promise<void> {
    const { store, clock } = this.#options;
    if (changed) await store.keepReport(order.id, report);
    if (this.#busy.has(order.id)) return;
    if ((report.resolution ?? "samples") !== order.resolution) {
      await this.#refuse(order, report, "this version of the gateway brings samples only");
      return;
    }
    if ((report.source ?? "gateway") !== order.source) {
      await this.#refuse(order, report, "this version of the gateway reads no history of devices");
      return;
    }
    const isReady = report.state === "ready" && order.counted === undefined;
    if (!isReady && report.state !== "answered" && report.state !== "refused") return;
    this.#busy.add(order.id);
    try {
      if (isReady) await this.#count(order);
      else if (report.state === "refused") await store.end(order.id, "refused", clock.nowUs());
      else await this.#compare(order, report.tags ?? []);
      await this.#look();
      this.tell(order.gateway);
    } finally {
      this.#busy.delete(order.id);
    }
  }

  async #refuse(order: OrderRow, report: OrderReport, note: string): Promise<void> {
    const { store, clock } = this.#options;
    await store.keepReport(order.id, { ...report, note });
    await store.end(order.id, "refused", clock.nowUs());
    await this.#look();
    this.tell(order.gateway);
  }

  /** What is stored before the answer comes, so that it is known what it heals. */
  async #count(order: OrderRow): Promise<void> {
    const { store, reader, digest } = this.#options;
    const { gateway, tags, fromUs, toUs } = order;
    // Minutes and hours are statements about samples: they heal none.
    if (order.resolution !== "samples") {
      await store.count(order.id, { ranges: [], before: [] });
      return;
    }
    const dictionary = await reader.newestDictionary(gateway);
    const deviceOf = (tag: TagId): string | undefined => dictionary?.byId(tag)?.device;
    const devices = [...new Set(tags.flatMap((tag) => deviceOf(tag) ?? []))];
    const all = await store.claims(gateway, fromUs, toUs, { tags, devices });
    const claims = all.filter(({ reason }) => isHealable(reason, order.source));
    const ranges = claimedRanges(claims, tags, deviceOf, fromUs, toUs);
    const none = tags.map((tag) => ({ tag, fromUs: toUs }));
    const { counts } = await digest({ gateway, tags: none, toUs, ranges });
    await store.count(order.id, { ranges, before: counts });
  }

  async #compare(order: OrderRow, answers: readonly TagAnswer[]): Promise<void> {
    const { store, digest, clock, log } = this.#options;
    const { id, gateway, toUs, counted } = order;
    const ranges = counted?.ranges ?? [];
    const tags = answers.map(({ tag, samples, fromUs }) => ({
      tag,
      // Of a tag of which the gateway has nothing there is nothing to compare.
      fromUs: samples === 0 ? toUs : fromUs,
    }));
    const held =
      order.resolution === "samples"
        ? await digest({ gateway, tags, toUs, ranges })
        : await this.#heldBuckets(order, order.resolution, answers);
    // Asked again with the next report of the gateway.
    if (held === undefined) return;
    const compared = answers.map(({ tag, samples, digest: own }, at) => ({
      tag,
      gateway: { samples, digest: own },
      hub: held.tags[at] ?? { samples: 0, digest: "" },
    }));
    const comparison: OrderComparison = {
      agrees: compared.every((one) => one.gateway.digest === one.hub.digest),
      tags: compared,
    };
    const credits = creditsOf(ranges, counted?.before ?? [], held.counts);
    await store.finish(id, comparison, credits, clock.nowUs());
    const healed = credits.reduce((sum, { samples }) => sum + samples, 0);
    log.info("orders.done", { order: id, gateway, healed, agrees: comparison.agrees });
  }

  async #heldBuckets(
    { gateway }: OrderRow,
    resolution: BucketOrder["resolution"],
    answers: readonly TagAnswer[],
  ): Promise<DigestAnswer | undefined> {
    const tags = answers.map(({ tag, ranges = [] }) => ({ tag, ranges }));
    const held = await this.#options.digestBuckets({ gateway, resolution, tags });
    return held === undefined ? undefined : { tags: held.tags, counts: [] };
  }

  #view(row: OrderRow): OrderView {
    const { id, gateway, kind, tags, fromUs, toUs, bytesPerSMax, askedUs, outcome, healed } = row;
    const { resolution, source } = row;
    const report = outcome === undefined ? (this.#reports.get(id) ?? row.report) : row.report;
    return {
      id,
      gateway,
      kind,
      tags,
      fromUs,
      toUs,
      resolution,
      source,
      kbitPerS: (bytesPerSMax * 8) / 1_000,
      askedUs,
      state: outcome ?? report?.state ?? "asked",
      done: outcome === "done" ? 1 : (report?.done ?? 0),
      samples: report?.samples ?? 0,
      bytes: report?.bytes ?? 0,
      healed,
      note: report?.note ?? "",
      ...(row.endedUs === undefined ? {} : { endedUs: row.endedUs }),
      ...(row.comparison === undefined ? {} : { comparison: row.comparison }),
    };
  }
}

function refused(reason: string): Refused {
  return { kind: "refused", reason };
}
