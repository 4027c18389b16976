/** The alarms of the product behind the fixture's plant: the real desk and its routes, with conditions that a test raises. */
import {
  addPageRoutes,
  alarmRoutes,
  LiveAlarms,
  MemoryEventBook,
  type AccessDoor,
  type AlarmDefinition,
} from "@millwright/edge-runtime/parts";
import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import type { AlarmPriority } from "@millwright/wire-contract/events";
import type { Hono } from "hono";

const wear = {
  name: "wear",
  action: "Check the lubricant level, then reduce the stroke rate.",
  consequence: "The bearing seizes.",
  causes: ["low oil"],
  ...{ respondMin: 10, shelveHoursMax: 8, latching: false },
};

/** Somebody who may do everything is signed in: who may do what is tried elsewhere. */
const person = { id: "ada", name: "Ada Novak", role: "supervisor", device: "test" } as const;
const door: AccessDoor = {
  person: () => person,
  require: () => person,
  audit: () => Promise.resolve(),
};

type Shifts = Parameters<typeof alarmRoutes>[0]["shifts"];

/** In half an hour, whenever the test runs: a whole minute, as all shifts begin. */
const shiftMin = (Math.floor(Date.now() / 60_000) + 30) % 1_440;

export class AlarmRig implements AsyncDisposable {
  readonly book = new MemoryEventBook();
  readonly alarms: LiveAlarms;
  /** What the settings say at the next start of the fixture. */
  shifts: Shifts = { beginMin: [shiftMin], timeZone: "UTC" };

  /** @param ids of alarms by priority; a latching one is named "latch" */
  constructor(ids: Readonly<Record<string, AlarmPriority>>) {
    const alarms = Object.entries(ids).map(([id, priority]): AlarmDefinition => ({
      ...{ id, asset: "Pump 1", message: `${id} too high`, priority, group: "" },
      class: { ...wear, latching: id === "latch" },
      ...{ tag: undefined, unit: "", condition: { kind: "told" }, onDelayMs: 0, offDelayMs: 0 },
      ...{ states: undefined, suppressedWhen: undefined },
    }));
    this.alarms = new LiveAlarms({
      definitions: { alarms, noted: [] },
      world: {
        indexOf: () => undefined,
        valueOf: () => NaN,
        isFresh: () => true,
        stateOf: () => undefined,
      },
      ...{ book: this.book, clock: systemClock, random: seededRandom(1), log: silentLog },
    });
  }

  async start(): Promise<this> {
    await this.alarms.start();
    return this;
  }

  /** For the fixture. */
  get source(): {
    readonly addRoutes: (app: Hono) => void;
    readonly onNews: (listener: (topic: string) => void) => () => void;
  } {
    const { alarms, book } = this;
    return {
      addRoutes: (app) => {
        const { shifts } = this;
        const nowUs = (): number => systemClock.nowUs();
        addPageRoutes(app, alarmRoutes({ desk: alarms, book, nowUs, shifts }), door);
        const you = { ...person, proof: "proof", lockInMs: 300_000, badge: false };
        app.get("/api/access", (context) => context.json({ you, isNew: false }));
      },
      onNews: (listener) =>
        alarms.onChanged(() => {
          listener("alarms");
        }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.alarms.stop(AbortSignal.abort());
  }
}
