/** Serves the built pages and speaks their contract with the live feed of the product, over generated values. */
import { reducePerColumn, systemClock } from "@millwright/kit";
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
  GatewayCounters,
  GatewayPage,
  GatewayRow,
  HubLink,
  LedgerEntry,
  LiveTag,
  LiveValue,
  Presence,
} from "@millwright/wire-contract";
import { status } from "@millwright/wire-contract";
import { toGaps, type HistoryLine } from "@millwright/wire-contract/history";
import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";

import { alarmCountsOf, alarmsOf } from "./alarm-plant.ts";
import { assetsOf, type Watched } from "./asset-plant.ts";
import { controlOf, rulesOf } from "./control-plant.ts";
import { marksOf } from "./mark-plant.ts";
import { modelEventsOf } from "./model-events.ts";
import { modelsOf } from "./model-plant.ts";
import { samplesOf } from "./past.ts";
import { peersOf } from "./peer-plant.ts";
import { createPlant, liveValue, valueAt, type Plant, type PlantSize } from "./plant.ts";
import { publishOf } from "./publish-plant.ts";

/** What the plant and the links are like, for every screen in every state. */
export type Condition = "healthy" | "trouble" | "empty";

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
      hub: () => this.#hub(),
      confirmed: () => ({}),
      onChanged: (listener) => add(this.#changed, listener),
      onState: (listener) => add(this.#state, listener),
      onNews: (listener) => options.alarms?.onNews(listener) ?? add(this.#news, listener),
    };
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

  /** What the hub's ledger says of every tag, and the repairs that it knows, the newest first. */
  ledger: readonly object[] = [];
  repairs: readonly object[] = [];

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
    if (this.#options.condition !== "trouble") return this.plant.devices;
    return this.plant.devices.map((device, index) => {
      if (index === 0) return { ...device, badge: "no security" };
      if (index === 1) {
        return {
          ...device,
          state: "down" as const,
          sinceUs: this.#startedUs - 131e6,
          note: "connect to 192.168.10.12:502 timed out; next try in 8 s. Check that it has power and that its network cable is in.",
        };
      }
      if (index === 2) {
        return {
          ...device,
          state: "refused" as const,
          note: "The device does not trust this gateway's certificate. Accept it in the device, then wait for the next try.",
        };
      }
      return device;
    });
  }

  #counters(): GatewayCounters {
    const trouble = this.#options.condition === "trouble";
    return {
      unexplained: trouble ? 3 : 0,
      clock: trouble ? "unset" : "set",
      journal: {
        received: 18_400_120,
        sent: 18_400_000,
        dropped: trouble ? 120 : 0,
        failed: 0,
        commitP50Ms: 3.2,
        commitP99Ms: 11.7,
        bytesWritten: 1_400_000_000,
        journalBytes: trouble ? 2 ** 31 : 412_000_000,
        bytesMax: 2 ** 31,
        full: trouble,
        found: { mendedPages: trouble ? [7, 9] : [], damagedPages: [] },
      },
      devices: this.plant.devices.map(({ device }, index) => ({
        device,
        due: 12_603,
        read: trouble && index === 1 ? 12_472 : 12_603,
        lost: trouble && index === 1 ? 131 : 0,
        unexplained: 0,
      })),
    };
  }

  #hub(): HubLink {
    const nowUs = systemClock.nowUs();
    if (this.#options.condition !== "trouble") {
      return {
        state: "in sync",
        sinceUs: this.#startedUs,
        waitingFrames: 0,
        waitingSamples: 0,
        behindMs: 0,
      };
    }
    return {
      state: "unreachable",
      sinceUs: nowUs - 8_040e6,
      waitingFrames: 8_040,
      waitingSamples: 1_204_120,
      behindMs: 8_040_000,
      roomS: 9 * 86_400,
      fenced: true,
    };
  }

  #addRoutes(app: Hono): void {
    const { source } = this;
    const alarms = this.#options.alarms;
    if (alarms !== undefined) alarms.addRoutes(app);
    else {
      const rows = alarmsOf(this.#options.condition, this.#startedUs);
      app.get("/api/alarms", (context) =>
        context.json({ revision: 1, rows, counts: alarmCountsOf(rows) }),
      );
      app.get("/api/alarms/history", (context) => context.json({ events: [] }));
    }
    const { watched } = this.#options;
    const machines = [...new Set(this.plant.page.tags.map(({ asset }) => asset))];
    const assets = watched === undefined ? [] : assetsOf(watched, machines, this.#startedUs);
    app.get("/api/assets", (context) => context.json({ assets, nowUs: systemClock.nowUs() }));
    app.get("/api/local-orders", (context) => context.json({ orders: this.#localOrders() }));
    app.get("/api/local-orders/offers", (context) => context.json({ offers: this.#offers() }));
    const page = (): GatewayPage => this.plant.page;
    for (const base of ["/api", "/api/gateways/:gateway"]) {
      app.get(`${base}/live`, (context) => liveStream(context, source, systemClock));
      addMarkRoutes(app, base, () =>
        marksOf(this.#options.condition, this.#startedUs, this.#marked),
      );
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
        factor: this.#options.condition === "trouble" ? 1.35 : 1,
      };
      const gateway = context.req.param("gateway");
      const range = { fromUs: Number(from), toUs: Number(to) };
      return context.json(peersOf(fleet, { gateway, tag, ...range }));
    });
    app.get("/api/gateways/:gateway/ledger", (context) => context.json(this.ledger));
    app.get("/api/gateways/:gateway/repairs", (context) => context.json(this.repairs));
    app.post("/api/gateways/:gateway/repairs", async (context) => {
      const wish: object = await context.req.json();
      this.repairs = [{ id: 1, ...wish, state: "answering", done: 0.4, healed: 0, note: "" }];
      return context.json(this.repairs[0], 201);
    });
    app.delete("/api/gateways/:gateway/repairs/:id", (context) => {
      this.repairs = this.repairs.map((one) => ({ ...one, state: "cancelled" }));
      return context.body(null, 204);
    });
    app.get("/api/access", (context) => context.json(access));
    app.get("/api/commands", (context) =>
      context.json(controlOf(this.#options.condition, this.#startedUs)),
    );
    app.get("/api/rules", (context) =>
      context.json(rulesOf(this.#options.condition, this.#startedUs)),
    );
    app.get("/api/publish", (context) =>
      context.json(publishOf(this.#options.condition, this.#startedUs)),
    );
    app.get("/api/models", (context) =>
      context.json(modelsOf(this.#options.condition, this.#startedUs)),
    );
    app.get("/api/events", (context) => {
      const isModel = context.req.query("kind") === "model";
      const { condition } = this.#options;
      return context.json({ events: isModel ? modelEventsOf(condition, this.#startedUs) : [] });
    });
    app.get("/api/gateway", (context) => context.json(page()));
    app.get("/api/buffer", (context) => context.json(bufferView(context.req.query("outageHours"))));
    app.get("/api/counters", (context) => context.json(this.#counters()));
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
    app.get("/api/gateways/:gateway", (context) =>
      context.json({ ...page(), gateway: context.req.param("gateway") }),
    );
    app.get("/api/gateways/:gateway/key", (context) => {
      const trouble = this.#options.condition === "trouble";
      return context.json({
        pinned: "3f2a-91bc-04d7-55e0-a1b2-c3d4-e5f6-0718",
        pinnedUs: this.#startedUs - 30 * 86_400e6,
        shown: trouble ? "9c41-0d2e-77ab-13f5-2b6c-8e90-ffa1-4d3b" : "",
        shownUs: trouble ? this.#startedUs - 3_600e6 : 0,
        hub: "b7e8-2210-6c9f-40aa-91d3-5e27-0f84-c6b5",
      });
    });
    app.get("/api/backup", (context) => {
      const trouble = this.#options.condition === "trouble";
      return context.json({
        releaseBelow: "backup",
        state: trouble ? "late" : "fresh",
        newestUs: this.#startedUs - (trouble ? 50 : 5) * 3_600e6,
        everyMs: 24 * 3_600e3,
        failure: trouble ? "cannot write to /mnt/backup: read-only file system" : "",
      });
    });
    app.get("/api/quarantine", (context) =>
      context.json(
        this.#options.condition === "trouble"
          ? [
              {
                gateway: "gw-0003",
                reason: "chain does not fit",
                receivedUs: this.#startedUs,
                bytes: 512,
              },
            ]
          : [],
      ),
    );
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
    const count = this.#options.condition === "empty" ? 0 : (this.#options.gateways ?? 2);
    const nowUs = systemClock.nowUs();
    return Array.from({ length: count }, (_, index) => {
      const presence = this.#presenceOf(index);
      return {
        gateway: `gw-${String(index + 1).padStart(4, "0")}`,
        name: `${["Brno press line", "Lyon paint shop", "Gdansk pumps"][index % 3] ?? ""} ${index + 1}`,
        site: ["Brno / Stamping", "Lyon / Paint", "Gdansk / Utilities"][index % 3] ?? "",
        presence,
        sinceUs: this.#startedUs - 3_600e6,
        lastBeatUs: presence === "silent" ? this.#startedUs - 700e6 : nowUs - 400_000,
        waitingSamples: presence === "behind" ? 4_120 : 0,
        behindMs: presence === "behind" ? 190_000 : 0,
        devices: this.#devices(),
        tagCount: this.plant.page.tags.length,
        storedSamples: 18_400_000 + index * 1_000,
        unexplained: presence === "behind" && index === 1 ? 12 : 0,
        quarantined: index === 2 && presence === "silent" ? 1 : 0,
        hmi: "http://127.0.0.1:8080/",
        software: index % 5 === 4 ? "0.0.9" : "0.1.0",
        ...(index === 2 && presence === "silent"
          ? { copy: { sinceUs: this.#startedUs - 600e6, hmi: "http://10.20.30.40:8080/" } }
          : {}),
      };
    });
  }

  #presenceOf(index: number): Presence {
    if (this.#options.condition !== "trouble") return "reporting";
    return (["reporting", "behind", "silent", "sleeping"] as const)[index % 4] ?? "reporting";
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

function add<T>(set: Set<T>, listener: T): () => void {
  set.add(listener);
  return () => {
    set.delete(listener);
  };
}

/** Room for 9 days, of which the last three thin older history. */
function bufferView(outageHours = "0"): object {
  const outageS = Number(outageHours) * 3_600;
  const [thinsInS, shedsInS] = [6 * 86_400, 9 * 86_400];
  return {
    ...{ outageS, thinsInS, shedsInS },
    thinnedBytes: Math.max(0, outageS - thinsInS) * 2_000,
    shedS: Math.max(0, outageS - shedsInS),
    refusedS: 0,
  };
}
