/** Serves the built pages and speaks their contract with the live feed of the product, over generated values. */
import {
  addOrderRoutes,
  type LedgerView,
  type OrderKind,
  type OrderView,
  type OrderWish,
} from "@millwright/cloud-hub/order-parts";
import { addSavedViewRoutes } from "@millwright/cloud-hub/saved-views-parts";
import { reducePerColumn, systemClock, type Refused } from "@millwright/kit";
import {
  addHistoryRoutes,
  addMarkRoutes,
  liveStream,
  PageService,
  type LiveSource,
  type MarkedEvent,
  type TimeRange,
} from "@millwright/live-feed";
import type {
  DeviceStatus,
  GatewayPage,
  GatewayRow,
  LedgerEntry,
  LiveTag,
  LiveValue,
} from "@millwright/wire-contract";
import { status } from "@millwright/wire-contract";
import { toGaps, type HistoryLine } from "@millwright/wire-contract/history";
import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";

import { alarmCountsOf, alarmsOf } from "./alarm-plant.ts";
import { assetsOf, type Watched } from "./asset-plant.ts";
import { controlOf, rulesOf } from "./control-plant.ts";
import { backupOf, gatewayRowsOf, keyOf, quarantineOf } from "./fleet-plant.ts";
import {
  bufferView,
  connectionOf,
  countersOf,
  devicesOf,
  diagnostics,
  hubLinkOf,
} from "./gateway-plant.ts";
import { marksOf } from "./mark-plant.ts";
import { modelEventsOf } from "./model-events.ts";
import { modelsOf } from "./model-plant.ts";
import { samplesOf } from "./past.ts";
import { peersOf } from "./peer-plant.ts";
import { createPlant, liveValue, valueAt, type Plant, type PlantSize } from "./plant.ts";
import { publishOf } from "./publish-plant.ts";
import { silenceOf } from "./silence-plant.ts";
import { timeLineOf } from "./time-line-plant.ts";
import { viewDesk } from "./view-plant.ts";

/** What the plant and the links are like, for every screen in every state. */
export type Condition = "healthy" | "trouble" | "empty";

/** An order as the hub tells it, as far as the fixture goes by it. */
type PlacedRecording = Readonly<Record<string, unknown>> & {
  readonly gateway: string;
  readonly id: number;
};

export interface FixtureOptions extends PlantSize {
  readonly rateHz: number;
  readonly condition: Condition;
  /** The past is answered with every sample in it. */
  readonly raw?: boolean;
  /** Rows of the console's list. */
  readonly gateways?: number;
  /** The settings declare every machine as an asset, and detection says this of it. */
  readonly watched?: Watched;
  /** Alarms of a real desk, instead of those that stand still. */
  readonly alarms?: {
    readonly addRoutes: (app: Hono) => void;
    readonly onNews: (listener: (topic: string) => void) => () => void;
  };
}

/** Under which a browser may be told to find the fixture, as on a network of a plant. */
export const panelName = "panel.plant.example";

const hourUs = 3_600_000_000;
/** What is held: a chart of more begins where this does. */
const heldUs = 40 * 24 * hourUs;
/** Samples of the fixture's past lie in minutes where they are older. */
const samplesHeldUs = 26 * hourUs;

/** Two who may sign in; nobody has. */
const access = {
  isNew: false,
  people: [
    { id: "ada-novak", name: "Ada Novak", pass: "pin" },
    { id: "tomas-dvorak", name: "Tomáš Dvořák", pass: "passphrase" },
  ],
  thumbprint: Array.from({ length: 32 }, () => "A7").join(":"),
  verified: { atUs: 1_800_000_000_000_000, entries: 412, from: 1, earlier: 0 },
};

export class Fixture implements AsyncDisposable {
  readonly plant: Plant;
  readonly source: LiveSource;
  readonly #options: FixtureOptions;
  readonly #values = new Map<string, LiveValue>();
  readonly #changed = new Set<(tags: readonly string[]) => void>();
  readonly #state = new Set<() => void>();
  readonly #news = new Set<(topic: string) => void>();
  readonly #marked: MarkedEvent[] = [];
  readonly #startedUs = systemClock.nowUs();
  readonly #timer: NodeJS.Timeout;
  #server: PageService | undefined;
  #port = 0;
  readonly #folder: string;

  constructor(folder: string, options: FixtureOptions) {
    this.#folder = folder;
    this.#options = options;
    this.plant = createPlant(
      options.condition === "empty" ? { machines: 0, tagsPerMachine: 0 } : options,
      this.#startedUs,
    );
    this.source = {
      values: (ids) =>
        ids.length === 0
          ? [...this.#values.values()]
          : ids.flatMap((id) => this.#values.get(id) ?? []),
      devices: () => this.#devices(),
      hub: () => hubLinkOf(options.condition, this.#startedUs, systemClock.nowUs()),
      confirmed: () => ({}),
      onChanged: (listener) => add(this.#changed, listener),
      onState: (listener) => add(this.#state, listener),
      onNews: (listener) => options.alarms?.onNews(listener) ?? add(this.#news, listener),
    };
    this.savedViews = viewDesk(
      options.condition,
      this.#startedUs,
      (gateway, tag) =>
        this.rows().some((row) => row.gateway === gateway) &&
        (tag === undefined || this.plant.page.tags.some(({ id }) => id === tag)),
    );
    this.#turn();
    this.#timer = setInterval(() => this.#turn(), 1_000 / options.rateHz);
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  async start(): Promise<this> {
    this.#server = new PageService({
      name: "fixture",
      host: "127.0.0.1",
      port: this.#port,
      names: [panelName],
      folder: this.#folder,
      addRoutes: (app) => this.#addRoutes(app),
    });
    await this.#server.start();
    this.#port = Number(new URL(this.#server.url).port);
    return this;
  }

  /** As if the process had been killed: open streams are cut, the port is closed. */
  async cut(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.cut();
  }

  /** Sets one value at once, as a device would. Returns the wall time of it, ms. */
  set(tagId: string, value: number): number {
    const ms = systemClock.nowUs() / 1_000;
    const tag = this.plant.page.tags.find((one) => one.id === tagId);
    if (tag === undefined) throw new Error(`the plant has no tag ${tagId}`);
    this.#pinned.add(tagId);
    this.#values.set(tagId, liveValue(tag, value, ms * 1_000, ms * 1_000));
    for (const listener of this.#changed) listener([tagId]);
    return ms;
  }
  readonly #pinned = new Set<string>();

  /** Something for the time axis, of which the live feed tells. */
  mark(event: MarkedEvent): void {
    this.#marked.push(event);
    for (const listener of this.#news) listener(event.kind === "alarm" ? "alarms" : "episodes");
  }

  /** What people have saved at the hub. */
  readonly savedViews: ReturnType<typeof viewDesk>;

  /** What the hub's ledger says of every tag, and the repairs that it knows, the newest first. */
  ledger: readonly object[] = [];
  repairs: readonly object[] = [];
  /** Of all gateways, the newest first. */
  recordings: readonly PlacedRecording[] = [];

  #turn(): void {
    const us = systemClock.nowUs();
    const ids: string[] = [];
    for (const [index, tag] of this.plant.page.tags.entries()) {
      if (this.#pinned.has(tag.id)) continue;
      this.#values.set(tag.id, this.#valueOf(tag, index, us));
      ids.push(tag.id);
    }
    for (const listener of this.#changed) listener(ids);
  }

  #valueOf(tag: LiveTag, index: number, us: number): LiveValue {
    const raw = valueAt(tag, us / 1_000);
    const good = liveValue(tag, raw, us, tag.kind === "state" ? this.#startedUs - 3_600e6 : us);
    if (this.#options.condition !== "trouble") return good;
    const downUs = this.#startedUs - 131e6;
    if (tag.device === "plc-2") {
      return { ...good, s: status.badNoCommunication, m: downUs, r: downUs, c: downUs, u: downUs };
    }
    if (index === 1 && tag.high !== null) return { ...good, v: tag.high * 1.3 };
    if (index === 2) return { ...good, s: status.uncertainLastUsable };
    if (index === 3) return { ...good, c: us - 41e6, m: us - 41e6 };
    if (index === 4)
      return { ...good, v: null, r: 0, m: 0, c: 0, u: 0, s: status.badWaitingForInitialData };
    return good;
  }

  #devices(): readonly DeviceStatus[] {
    return devicesOf(this.#options.condition, this.plant.devices, this.#startedUs);
  }

  #addRoutes(app: Hono): void {
    const { source } = this;
    const { condition, alarms, watched } = this.#options;
    const startedUs = this.#startedUs;
    if (alarms !== undefined) alarms.addRoutes(app);
    else {
      const rows = alarmsOf(condition, startedUs);
      app.get("/api/alarms", (context) =>
        context.json({ revision: 1, rows, counts: alarmCountsOf(rows) }),
      );
      app.get("/api/alarms/history", (context) => context.json({ events: [] }));
    }
    const machines = [...new Set(this.plant.page.tags.map(({ asset }) => asset))];
    const assets = watched === undefined ? [] : assetsOf(watched, machines, startedUs);
    app.get("/api/assets", (context) => context.json({ assets, nowUs: systemClock.nowUs() }));
    app.get("/api/local-orders", (context) => context.json({ orders: this.#localOrders() }));
    app.get("/api/local-orders/offers", (context) => context.json({ offers: this.#offers() }));
    const page = (): GatewayPage => this.plant.page;
    for (const base of ["/api", "/api/gateways/:gateway"]) {
      app.get(`${base}/live`, (context) => liveStream(context, source, systemClock));
      addMarkRoutes(app, base, () => marksOf(condition, startedUs, this.#marked));
      addHistoryRoutes(app, base, () => ({
        lines: (ids, range) => {
          const tags = ids.flatMap((id) => page().tags.find((one) => one.id === id) ?? []);
          if (tags.length < ids.length) return Promise.resolve(undefined);
          return Promise.resolve(tags.map((tag) => this.#history(tag, range)));
        },
        gaps: (_tag, fromUs, toUs) => Promise.resolve(this.#gaps({ fromUs, toUs })),
      }));
    }
    app.get("/api/gateways/:gateway/peers", (context) => {
      const { tag: id, from, to } = context.req.query();
      const tag = page().tags.find((one) => one.id === id);
      if (tag === undefined) return context.text("this gateway has no such value", 404);
      const fleet = {
        ...{ rows: this.rows(), tags: page().tags, nowUs: systemClock.nowUs() },
        factor: condition === "trouble" ? 1.35 : 1,
      };
      const gateway = context.req.param("gateway");
      const range = { fromUs: Number(from), toUs: Number(to) };
      return context.json(peersOf(fleet, { gateway, tag, ...range }));
    });
    app.get("/api/gateways/:gateway/time-line", (context) => {
      const { from, to } = context.req.query();
      return context.json(
        timeLineOf(condition, startedUs, { fromUs: Number(from), toUs: Number(to) }),
      );
    });
    app.get("/api/gateways/:gateway/silence", (context) => {
      const row = this.rows().find(({ gateway }) => gateway === context.req.param("gateway"));
      return row === undefined ? context.notFound() : context.json(silenceOf(row));
    });
    addOrderRoutes(app, () => this.#orders);
    app.get("/api/gateways/:gateway/aggregates", (context) => {
      const { tag = "", from, to } = context.req.query();
      return context.json(this.#minutes(tag, Number(from), Number(to)));
    });
    app.get("/api/access", (context) => context.json(access));
    app.post("/api/connection/test", (context) => context.json(connectionOf(condition)));
    app.post("/api/diagnostics", (context) => context.json(diagnostics));
    app.get("/api/commands", (context) => context.json(controlOf(condition, startedUs)));
    app.get("/api/rules", (context) => context.json(rulesOf(condition, startedUs)));
    app.get("/api/publish", (context) => context.json(publishOf(condition, startedUs)));
    app.get("/api/models", (context) => context.json(modelsOf(condition, startedUs)));
    app.get("/api/events", (context) => {
      const isModel = context.req.query("kind") === "model";
      return context.json({ events: isModel ? modelEventsOf(condition, startedUs) : [] });
    });
    app.get("/api/gateway", (context) => context.json(page()));
    app.get("/api/buffer", (context) => context.json(bufferView(context.req.query("outageHours"))));
    app.get("/api/counters", (context) => context.json(countersOf(condition, this.plant.devices)));
    app.get("/api/gateways", (context) => context.json(this.rows()));
    app.get("/api/gateways/live", (context) =>
      streamSSE(context, async (stream) => {
        const closed = new AbortController();
        stream.onAbort(() => closed.abort());
        for (let seq = 1; !closed.signal.aborted; seq += 2) {
          await stream.writeSSE({ event: "gateways", data: JSON.stringify(this.rows()) });
          const beat = { seq, nowUs: systemClock.nowUs() };
          await stream.writeSSE({ event: "beat", data: JSON.stringify(beat) });
          await systemClock.sleep(1_000, closed.signal).catch(() => undefined);
        }
      }),
    );
    app.get("/api/gateways/:gateway", (context) => {
      const gateway = context.req.param("gateway");
      return this.rows().some((row) => row.gateway === gateway)
        ? context.json({ ...page(), gateway })
        : context.text("the hub has never heard of this gateway", 404);
    });
    app.get("/api/gateways/:gateway/key", (context) => context.json(keyOf(condition, startedUs)));
    app.get("/api/backup", (context) => context.json(backupOf(condition, startedUs)));
    app.get("/api/quarantine", (context) => context.json(quarantineOf(condition, startedUs)));
    addSavedViewRoutes(app, () => this.savedViews);
  }

  /** What the hub's own routes ask. */
  readonly #orders = {
    list: (gateway: string, kind: OrderKind) =>
      Promise.resolve(
        (kind === "repair"
          ? this.repairs
          : this.recordings.filter((one) => one.gateway === gateway)) as readonly OrderView[],
      ),
    ask: (gateway: string, kind: OrderKind, wish: OrderWish): Promise<OrderView | Refused> => {
      const begun = { done: 0, samples: 0, bytes: 0, healed: 0, note: "" };
      const order = { ...wish, ...begun, id: 1 + this.recordings.length, gateway, kind };
      const asked = { ...order, askedUs: systemClock.nowUs(), state: "asked" } as const;
      if (this.refusesOrders !== "") {
        return Promise.resolve({ kind: "refused", reason: this.refusesOrders });
      }
      if (kind === "recording") this.recordings = [asked, ...this.recordings];
      else this.repairs = [{ ...asked, state: "answering", done: 0.4 }];
      return Promise.resolve(asked);
    },
    cancel: (gateway: string, kind: OrderKind, id: number) => {
      if (kind === "repair") this.repairs = this.repairs.map(cancelled);
      else {
        this.recordings = this.recordings.map((one) =>
          one.gateway === gateway && one.id === id ? cancelled(one) : one,
        );
      }
      return Promise.resolve(true);
    },
    ledger: () => Promise.resolve(this.ledger as readonly LedgerView[]),
    // eslint-disable-next-line @typescript-eslint/require-await -- as what reads a database
    async *ledgerCsv() {
      yield "";
    },
  };
  /** Why the hub takes no orders; "" while it does. */
  refusesOrders = "";

  /** Thirty samples in each minute; of a state nothing is known. */
  #minutes(id: string, fromUs: number, toUs: number): readonly object[] {
    const tag = this.plant.page.tags.find((one) => one.id === id);
    if (tag === undefined || tag.kind === "state") return [];
    const count = Math.floor((toUs - fromUs) / 60e6);
    return Array.from({ length: count }, (_, at) => ({ startUs: fromUs + at * 60e6, samples: 30 }));
  }

  /** Five minutes without values, twenty minutes before the start, on every tag. */
  gapUs(): readonly [number, number] {
    return [this.#startedUs - 1_200e6, this.#startedUs - 900e6];
  }

  #gaps(range: Pick<TimeRange, "fromUs" | "toUs">): readonly LedgerEntry[] {
    const [fromUs, toUs] = this.gapUs();
    if (toUs < range.fromUs || fromUs > range.toUs) return [];
    const count = { kind: "exact", samples: 300 } as const;
    const scope = { kind: "gateway" } as const;
    return [{ number: 1, reason: "device unreachable", scope, fromUs, toUs, count }];
  }

  /** Of the gap in trouble: two values of it may be read from their device, and one was. */
  #offers(): readonly object[] {
    const [fromUs, toUs] = this.gapUs();
    const tags = ["pump-1/0", "pump-1/1"];
    const offer = { tags, fromUs, toUs, reasons: ["gateway down", "device unreachable"] };
    return this.#options.condition === "trouble" ? [offer] : [];
  }

  #localOrders(): readonly object[] {
    const [fromUs, toUs] = this.gapUs();
    const order = {
      ...{ id: 1, by: "Ada Novak", askedUs: this.#startedUs, tags: ["pump-1/2"], fromUs, toUs },
      ...{ state: "done", done: 1, samples: 298, unread: ["pump-1/2"], note: "" },
    };
    return this.#options.condition === "trouble" ? [order] : [];
  }

  #history(tag: LiveTag, range: TimeRange): HistoryLine {
    const fromUs = Math.max(range.fromUs, this.#startedUs - heldUs);
    const [gapFrom, gapTo] = this.gapUs();
    const sampleUs = sampleUsOf(range);
    const minutes = (range.toUs - range.fromUs) / range.columns >= 60e6;
    const thinnedToUs = this.#startedUs - samplesHeldUs;
    const { times, values } = samplesOf(tag, fromUs, range.toUs, sampleUs);
    const peak = this.#peak;
    let count = 0;
    for (let at = 0; at < times.length; at++) {
      const us = times[at] ?? NaN;
      if (us > gapFrom && us < gapTo) continue;
      times[count] = us;
      values[count++] = peak?.tagId === tag.id && us === peak.us ? peak.value : (values[at] ?? NaN);
    }
    const gaps = this.#gaps(range);
    return {
      tag: tag.id,
      tier: minutes ? "minutes" : "samples",
      coarser:
        !minutes && fromUs < thinnedToUs
          ? [{ tier: "minutes", fromUs, toUs: Math.min(range.toUs, thinnedToUs) }]
          : [],
      error: tag.unit === "bar" ? 0.02 : 0,
      gaps: toGaps(gaps),
      ...reducePerColumn(
        times.subarray(0, count),
        values.subarray(0, count),
        new Uint32Array(count),
        range.fromUs,
        range.toUs,
        this.#options.raw === true ? count : range.columns,
        gaps,
      ),
    };
  }

  /** One sample among the ten of each second, ten minutes before the start or in this second, is this value. */
  plantPeak(tagId: string, value: number, atUs = this.#startedUs - 600e6): void {
    const us = Math.round(atUs / 1e6) * 1e6;
    this.#peak = { tagId, value, us };
  }
  #peak: { readonly tagId: string; readonly value: number; readonly us: number } | undefined;

  rows(): readonly GatewayRow[] {
    const { condition, gateways = 2 } = this.#options;
    const each = { devices: this.#devices(), tagCount: this.plant.page.tags.length };
    return gatewayRowsOf(condition, gateways, each, this.#startedUs, systemClock.nowUs());
  }
}

/** Ten samples a second where an hour is shown, one where a day is, and one a minute for more. */
function sampleUsOf({ fromUs, toUs }: TimeRange): number {
  if (toUs - fromUs <= hourUs) return 100_000;
  return toUs - fromUs <= 48 * hourUs ? 1_000_000 : 60_000_000;
}

/** One machine with 200 values on one screen, as the limits of live behaviour ask for. */
export async function crowd(folder: string, rateHz: number): Promise<Fixture> {
  return new Fixture(folder, {
    machines: 1,
    tagsPerMachine: 200,
    rateHz,
    condition: "healthy",
  }).start();
}

function cancelled<Order extends object>(order: Order): Order {
  return { ...order, state: "cancelled" };
}

function add<T>(set: Set<T>, listener: T): () => void {
  set.add(listener);
  return () => {
    set.delete(listener);
  };
}
