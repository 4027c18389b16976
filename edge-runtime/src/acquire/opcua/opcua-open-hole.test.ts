/** A conversation ends before the hole behind it is filled: every value is stored in the end, or charged. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { DataType } from "node-opcua";

import type { DriverSession, ReadingBatch, ResumePoint } from "../driver.ts";
import { savingResume } from "../saving-resume.ts";
import { opcuaDriver } from "./opcua-driver.ts";
import { point, TestContext, testSettings, until, withStateFolder } from "./test-client.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const never = new AbortController().signal;

/** One measured thing, with a time of its own for each value. */
class Measured {
  readonly name: string;
  readonly timesUs = new Map<number, number>();
  /** Requests for history wait here while it is closed. */
  readonly asked: (() => void)[] = [];
  closedFrom = Infinity;
  #requests = 0;
  #lastMs = 0;
  readonly #device: TestServer;
  readonly #behindMs: number;

  /** @param behindMs so much is the clock that stamps it behind the server's */
  constructor(device: TestServer, name: string, keepsHistory: boolean, behindMs = 0) {
    this.#device = device;
    this.#behindMs = behindMs;
    this.name = name;
    const variable = device.add(name, DataType.Double, 0);
    if (!keepsHistory) return;
    device.namespace.addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: 5_000 });
    const read = variable.historyRead.bind(variable) as (...wish: unknown[]) => Promise<unknown>;
    const slow = async (...wish: unknown[]): Promise<unknown> => {
      if (this.#requests++ >= this.closedFrom) {
        await new Promise<void>((resolve) => {
          this.asked.push(resolve);
        });
      }
      return read(...wish);
    };
    Object.assign(variable, { historyRead: slow });
  }

  measure(...values: readonly number[]): void {
    for (const value of values) {
      this.#lastMs = Math.max(Date.now() - this.#behindMs, this.#lastMs + 1);
      this.timesUs.set(value, this.#lastMs * 1_000);
      this.#device.set(this.name, value, new Date(this.#lastMs));
    }
  }

  /** History is given from here on, to who waits and who comes. */
  openHistory(): void {
    this.closedFrom = Infinity;
    for (const goOn of this.asked.splice(0)) goOn();
  }

  /** The next so many requests for history are answered, those after them are not. */
  closeHistoryAfter(requests: number): void {
    this.closedFrom = this.#requests + requests;
  }
}

interface Claim {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A journal: what a commit takes in is kept, and resume points are kept with the commit after it. */
class Kept {
  readonly live: number[] = [];
  /** Those of them that came from the device's history. */
  readonly late: number[] = [];
  readonly claims: Claim[] = [];
  resume: ResumePoint | undefined;
  lastCommitUs = 0;
  #waiting: ReadingBatch[] = [];
  #charged: Claim[] = [];
  #resume: ResumePoint | undefined;

  has(value: number): boolean {
    return this.live.includes(value) || this.late.includes(value);
  }

  charge(claim: Claim): void {
    this.#charged.push(claim);
  }

  take(batch: ReadingBatch): void {
    this.#waiting.push(batch);
  }

  saveResume(resume: ResumePoint): void {
    this.#resume = resume;
  }

  async commit(): Promise<void> {
    const batches = this.#waiting.splice(0);
    for (const { late, value } of batches) (late === true ? this.late : this.live).push(...value);
    this.claims.push(...this.#charged.splice(0));
    this.resume = this.#resume ?? this.resume;
    this.lastCommitUs = Date.now() * 1_000;
    for (const batch of batches) await batch.settle?.();
  }

  /** The power is cut: what no commit has taken in is gone, and what was to be read since stands as "gateway down". */
  lose(): void {
    this.#waiting = [];
    this.#charged = [];
    this.#resume = undefined;
    this.claims.push({ fromUs: this.lastCommitUs, toUs: Date.now() * 1_000 });
    // What a process remembers is gone with it.
    if (this.resume !== undefined) this.resume = { ...this.resume, memory: "" };
  }

  explains(timeUs: number): boolean {
    return this.claims.some(({ fromUs, toUs }) => fromUs <= timeUs && timeUs <= toUs);
  }
}

/** What happens between the conversation that opens the hole and the one that closes it. */
type Between = readonly [process: "lives" | "is killed", server: "keeps" | "forgets"];
const all: readonly Between[] = [
  ["lives", "keeps"],
  ["lives", "forgets"],
  ["is killed", "keeps"],
  ["is killed", "forgets"],
];
const unlike: readonly Between[] = [
  ["lives", "forgets"],
  ["is killed", "keeps"],
];

interface Script {
  /** Called with each batch as it is handed on. */
  readonly onBatch?: (batch: ReadingBatch, count: number) => Promise<void> | void;
  /** The conversation ends when this is true. */
  readonly until: (session: DriverSession) => boolean;
}

/** What becomes of a hole in one conversation of the three: the one that opens it, and ends early. */
interface Ending {
  readonly title: string;
  readonly history: boolean;
  /** Values of the hole: more than a server gives at once where it is to end half way. */
  readonly values: number;
  readonly between: readonly Between[];
  /** @returns how it is played */
  readonly script: (measured: Measured, kept: Kept) => Script;
}

/** Stops asking: what comes then stays with the driver. */
const forEver = (): Promise<void> => new Promise(() => undefined);
const twice = async (kept: Kept): Promise<void> => {
  await kept.commit();
  await kept.commit();
};

const endAtFirstBatch: Ending["script"] = (_measured, kept) => {
  let ended = false;
  return {
    async onBatch() {
      await twice(kept);
      ended = true;
      await forEver();
    },
    until: () => ended,
  };
};

const endings: readonly Ending[] = [
  {
    title: "before the subscription has its items",
    history: true,
    values: 5,
    between: all,
    script: endAtFirstBatch,
  },
  {
    title: "with messages that were not asked for",
    history: true,
    values: 5,
    between: all,
    script: (_measured, kept) => ({
      async onBatch() {
        await twice(kept);
        await forEver();
      },
      until: ({ resume }) => resume["items"] !== "" && kept.live.length > 2,
    }),
  },
  {
    title: "while the history is asked for",
    history: true,
    values: 5,
    between: all,
    script: (measured, kept) => {
      measured.closeHistoryAfter(0);
      return { onBatch: () => twice(kept), until: () => measured.asked.length > 0 };
    },
  },
  {
    title: "half way through the history",
    history: true,
    values: 1_500,
    between: all,
    script: (measured, kept) => {
      measured.closeHistoryAfter(1);
      return {
        onBatch: () => twice(kept),
        until: () => measured.asked.length > 0 && kept.late.length > 900,
      };
    },
  },
  {
    title: "with all of the history read, and not on disk",
    history: true,
    values: 5,
    between: all,
    script: (_measured, kept) => {
      const late = new Set<number>();
      return {
        async onBatch(batch) {
          if (batch.late === true) for (const value of batch.value) late.add(value);
          else if (late.size === 0) await twice(kept);
        },
        until: () => late.has(101) && late.has(104),
      };
    },
  },
  {
    title: "before the loss is charged, without history",
    history: false,
    values: 5,
    between: unlike,
    script: endAtFirstBatch,
  },
  {
    title: "before the charge is on disk, without history",
    history: false,
    values: 5,
    between: unlike,
    script: (_measured, kept) => {
      let ended = false;
      return {
        async onBatch(_batch, count) {
          if (count === 1) await twice(kept);
          else {
            ended = true;
            await forEver();
          }
        },
        until: () => ended,
      };
    },
  },
];

describe("opcua, a conversation that ends before the hole behind it is filled", () => {
  let device: TestServer;
  let made = 0;
  before(async () => {
    device = await startTestServer();
  });
  /** The server forgets sessions and subscriptions that were left there, as after a restart. */
  function forget(): void {
    const { engine } = device.server;
    for (const { authenticationToken } of engine.getSessions()) {
      engine.closeSession(authenticationToken, true, "CloseSession");
    }
  }
  afterEach(forget);
  after(() => device.stop());

  async function converse(
    folder: string,
    measured: Measured,
    kept: Kept,
    history: boolean,
    script: Script,
    others: readonly Measured[] = [],
  ): Promise<string> {
    const context = Object.assign(new TestContext(folder), { device: measured.name });
    const lost = context.lost.bind(context);
    const session = await opcuaDriver.open(
      testSettings(device.url, { history }),
      [measured, ...others].map(({ name }) =>
        point(device.address(name), "float64", { trigger: "status-value-timestamp" }),
      ),
      Object.assign(context, {
        lost: (...loss: Parameters<typeof lost>) => {
          lost(...loss);
          const [, , , fromUs, toUs] = loss;
          kept.charge({ fromUs, toUs });
        },
      }),
      never,
      kept.resume,
    );
    const withResume = savingResume(session, (resume) => {
      kept.saveResume(resume);
    });
    const reading = new AbortController();
    let failure: unknown;
    const read = async (): Promise<void> => {
      let count = 0;
      for await (const batch of session.readings(reading.signal)) {
        kept.take(withResume(batch));
        await script.onBatch?.(batch, ++count);
      }
    };
    read().catch((caught: unknown) => {
      failure = caught;
    });
    await until("the conversation is where it ends", () => {
      assert.equal(failure, undefined);
      return script.until(session);
    });
    await session[Symbol.asyncDispose]();
    reading.abort();
    return context.noteText;
  }

  /** One value that is known, and then the server forgets us and a hole opens. */
  async function openHole(
    folder: string,
    measured: Measured,
    kept: Kept,
    history: boolean,
    values: number,
  ): Promise<void> {
    measured.measure(1);
    await converse(folder, measured, kept, history, {
      async onBatch() {
        measured.measure(...(measured.timesUs.has(2) ? [] : [2]));
        await twice(kept);
      },
      until: () => kept.has(2) && kept.resume?.["lastSequence"] !== 0,
    });
    forget();
    measured.measure(...Array.from({ length: values }, (_value, at) => 101 + at));
  }

  for (const { title, history, values, between, script } of endings) {
    for (const [process, server] of between) {
      test(`${title}; the process ${process}, the server ${server} the subscription`, () =>
        withStateFolder(async (folder) => {
          const measured = new Measured(device, `Hole${++made}`, history);
          const kept = new Kept();
          await openHole(folder, measured, kept, history, values);
          const knownUs = measured.timesUs.get(2) ?? NaN;

          const early = script(measured, kept);
          await converse(folder, measured, kept, history, {
            ...early,
            async onBatch(batch, count) {
              // Between the first Read and the first message: only the history has the first of them.
              if (count === 1) measured.measure(5_001, 5_002);
              await early.onBatch?.(batch, count);
            },
          });
          if (process === "lives") await twice(kept);
          else kept.lose();
          measured.openHistory();
          if (server === "forgets") forget();
          measured.measure(6_001);

          const missing = (): number[] =>
            [...measured.timesUs]
              .filter(([value, us]) => !kept.has(value) && !kept.explains(us))
              .map(([value]) => value);
          const note = await converse(folder, measured, kept, history, {
            onBatch: () => twice(kept),
            until: () => {
              // A charge comes without a batch.
              if (!history) void kept.commit();
              return missing().length === 0;
            },
          }).catch((failure: unknown) => {
            throw new Error(`neither stored nor charged: ${missing().join(", ")}`, {
              cause: failure,
            });
          });

          // A server that lets us go on, and a process that remembers: all is read, and nothing twice.
          if (history && process === "lives") assert.deepEqual(kept.claims, []);
          if (/subscription kept/.test(note) && process === "lives") {
            assert.deepEqual(kept.late, [...new Set(kept.late)]);
            assert.deepEqual(
              kept.late.filter((value) => kept.live.includes(value)),
              [],
            );
          }
          for (const { fromUs, toUs } of kept.claims) {
            assert(fromUs >= knownUs, "what was there before the hole is not claimed");
            assert(toUs <= Date.now() * 1_000);
          }
        }));
    }
  }

  test("what a machine whose clock is behind measures while the gateway is restarted is read from the server's history", () =>
    withStateFolder(async (folder) => {
      const right = new Measured(device, `Hole${++made}`, true);
      const behind = new Measured(device, `Hole${++made}`, true, 600_000);
      const kept = new Kept();
      let value = 0;
      const measure = (): void => {
        right.measure(++value);
        behind.measure(10_000 + value);
      };
      measure();
      await converse(
        folder,
        right,
        kept,
        true,
        {
          async onBatch() {
            if (value < 20) measure();
            await twice(kept);
          },
          until: () => ((kept.resume?.["lags"] ?? []) as readonly unknown[]).length > 0,
        },
        [behind],
      );
      kept.lose();
      forget();
      behind.measure(20_001, 20_002, 20_003);
      const missing = (): number[] =>
        [...behind.timesUs]
          .filter(([one, us]) => !kept.has(one) && !kept.explains(us))
          .map(([one]) => one);
      assert.ok(missing().length >= 3);
      const script = { onBatch: () => twice(kept), until: () => missing().length === 0 };
      await converse(folder, right, kept, true, script, [behind]);
    }));

  test("a server that never answers for its history is left in peace in the end, and the hole is charged", () =>
    withStateFolder(async (folder) => {
      const measured = new Measured(device, `Hole${++made}`, true);
      const kept = new Kept();
      await openHole(folder, measured, kept, true, 5);
      measured.closeHistoryAfter(0);
      const onBatch = (): Promise<void> => twice(kept);
      let conversations = 0;
      while (kept.claims.length === 0) {
        conversations++;
        await converse(folder, measured, kept, true, {
          onBatch,
          until: () => {
            void kept.commit();
            return measured.asked.length === conversations || kept.claims.length > 0;
          },
        });
      }
      assert.equal(measured.asked.length, conversations - 1);
      assert(conversations > 2, "one break alone is no reason");
      for (const value of [101, 102, 103, 104]) {
        assert(kept.explains(measured.timesUs.get(value) ?? NaN));
      }
      measured.openHistory();
    }));
});
