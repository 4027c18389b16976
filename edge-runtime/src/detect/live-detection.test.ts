import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import type { DeviceId, TagDefinition, TagId } from "@millwright/wire-contract";
import type { Contribution, EventKind, Verdict } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../buffer/events/memory-book.ts";
import type { SampleBatch, SavedState, TagView } from "../hand-over.ts";
import { LiveDetection } from "./live-detection.ts";
import type { AssetFile } from "./settings.ts";

const device = "pump-1" as DeviceId;

function definition(index: number, name: string, more: Partial<TagDefinition>): TagDefinition {
  return {
    index,
    id: `pump-1/${name}` as TagId,
    name,
    device,
    type: "float64",
    kind: "measurement",
    unit: "",
    decimals: 1,
    scale: 1,
    offset: 0,
    revision: 0,
    clock: "device",
    expectedMs: 1_000,
    low: 0,
    high: 5,
    asset: "Pump 1",
    texts: new Map(),
    filteredAtSource: "",
    ...more,
  };
}

const tags = [
  definition(0, "state", { kind: "state", type: "enum" }),
  definition(1, "vibration", {}),
  definition(2, "job", { kind: "state", type: "uint32" }),
];

const asset: AssetFile = {
  id: "Pump 1",
  type: "motor-pump",
  tags: { vibration: "pump-1/vibration" },
  state: { tag: "pump-1/state", values: { "0": "off", "2": "running" }, settleS: 10 },
  context: { job: "pump-1/job" },
  detection: { ignore: [], states: ["running"], limits: {} },
};

/** Watched by models alone. */
const other: AssetFile = {
  id: "Pump 2",
  type: "motor-pump",
  tags: {},
  context: {},
  detection: { ignore: [], states: ["running"], limits: {} },
};

/** Says which parts were written. */
class WatchedBook extends MemoryEventBook {
  readonly written = new Set<string>();

  override saveState(part: string, state: SavedState): void {
    this.written.add(part);
    super.saveState(part, state);
  }
}

/** A gateway that watches one pump, or several, on a played clock. */
class Rig {
  readonly book = new WatchedBook();
  readonly clock = new PlayedClock();
  readonly values = [2, 1, 4_711];
  readonly changed: string[] = [];
  readonly #random = seededRandom("live detection");
  readonly #assets: readonly AssetFile[];
  detection: LiveDetection;

  constructor(assets: readonly AssetFile[] = [asset]) {
    this.#assets = assets;
    this.detection = this.#open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.detection.stop();
  }

  async start(): Promise<void> {
    await this.detection.start();
    this.detection.onChanged((name) => this.changed.push(name));
  }

  /** @param meanwhile while it does not run */
  async restart(meanwhile: () => void = () => undefined): Promise<void> {
    await this.detection.stop();
    meanwhile();
    this.detection = this.#open();
    await this.start();
  }

  /** What a planned end would save is not there. */
  async kill(): Promise<void> {
    const parts = ["detection", "episodes", ...this.#assets.map(({ id }) => `episodes of ${id}`)];
    const saved = parts.map((part) => [part, this.book.state(part) ?? null] as const);
    await this.detection.stop();
    for (const [part, state] of saved) this.book.saveState(part, state);
    this.detection = this.#open();
    await this.start();
  }

  /** @param vibration in the middle of its noise */
  async play(seconds: number, vibration = 1): Promise<void> {
    for (let step = 0; step < seconds; step++) {
      this.values[1] = vibration + 0.05 * this.#random.normal();
      const nowUs = this.clock.nowUs();
      this.detection.watch(batchOf(this.values, nowUs));
      await this.clock.advance(1_000);
    }
  }

  /** Two windows of a model, of which one would be chance. */
  score(asset: string): void {
    for (let window = 0; window < 2; window++) {
      this.detection.scored(asset, "health 1.0.0", this.clock.nowUs(), 3, flow);
    }
  }

  async kept(kind: EventKind): Promise<readonly string[]> {
    const records = await this.book.list({ kind, max: 1_000 });
    return records.toReversed().map(({ kind: of, subject, body }) => {
      if (of === "episode") return `${subject} ${body.what} ${body.class} ${body.verdict}`;
      if (of === "label") return `${subject} ${body.label} ${body.failureMode} ${body.author}`;
      if (of === "context") return `${body.what} ${body.context} ${body.value}`;
      return subject;
    });
  }

  #open(): LiveDetection {
    const current: TagView = {
      value: (index) => this.values[index],
      status: () => 0,
      measuredUs: () => this.clock.nowUs(),
      confirmedUs: () => this.clock.nowUs(),
      freshForUs: () => 5_000_000,
    };
    return new LiveDetection({
      assets: this.#assets,
      detection: { episodesPerDayMax: 1, learnMin: 2 },
      tagOf: (id) => tags.find((tag) => tag.id === id),
      current,
      book: this.book,
      clock: this.clock,
      log: silentLog,
    });
  }
}

function batchOf(values: readonly number[], receivedUs: number): SampleBatch {
  return {
    device,
    receivedUs,
    late: false,
    count: values.length,
    tag: Int32Array.from(values.keys()),
    measuredUs: new Float64Array(values.length).fill(receivedUs),
    value: Float64Array.from(values),
    status: new Uint32Array(values.length),
  };
}

async function running(t: TestContext, assets?: readonly AssetFile[]): Promise<Rig> {
  const rig = new Rig(assets);
  t.after(() => rig[Symbol.asyncDispose]());
  await rig.start();
  return rig;
}

test("an episode is told from its begin to its end under one name, and a verdict becomes a label", async (t) => {
  const rig = await running(t);
  await rig.play(300);
  assert.equal(rig.detection.health("Pump 1")?.learnt, 1);
  await rig.play(60, 3);
  const [episode] = rig.detection.episodes();
  assert.equal(episode?.id, "E-1");
  assert.equal(episode.asset, "Pump 1");
  assert.equal(episode.event.contributions[0]?.tag, "pump-1/vibration");
  assert.ok((rig.detection.health("Pump 1")?.score ?? 0) > 1);
  assert.ok(rig.changed.includes("Pump 1"));

  const judged = await rig.detection.judge("E-1", "confirmed", "anna", "bearing");
  assert.equal(judged?.event.verdict, "confirmed");
  assert.deepEqual(await rig.kept("label"), ["E-1 fault bearing anna"]);
  await rig.play(1_800);
  const told = await rig.kept("episode");
  assert.match(told[0] ?? "", /^E-1 began .* open$/);
  assert.match(told.at(-1) ?? "", /^E-1 ended .* confirmed$/, "the verdict stays");
  assert.equal(rig.detection.episodes().length, 0);
  assert.equal(await rig.detection.judge("E-77", "false", "anna", ""), undefined);
});

test("one that is called false is over at once, and what its tags do is learnt", async (t) => {
  const rig = await running(t);
  await rig.play(300);
  await rig.play(60, 3);
  const judged = await rig.detection.judge("E-1", "false", "anna", "");
  assert.equal(judged?.event.what, "ended");
  assert.equal(judged.event.verdict, "false");
  await rig.play(900, 3);
  assert.equal(rig.detection.episodes().length, 0);
  assert.deepEqual(await rig.kept("label"), ["E-1 no-fault  anna"]);
});

test("after a restart the episode goes on under its name, and nothing is learnt anew", async (t) => {
  const rig = await running(t);
  await rig.play(300);
  await rig.play(60, 3);
  await rig.detection.judge("E-1", "confirmed", "anna", "bearing");
  await rig.restart();
  assert.equal(rig.detection.health("Pump 1")?.learnt, 1);
  assert.equal(rig.detection.episodes()[0]?.id, "E-1");
  assert.equal(rig.detection.episodes()[0]?.event.verdict, "confirmed");
  await rig.play(60, 3);
  assert.equal(rig.detection.episodes().length, 1);
  await rig.play(1_800);
  await rig.play(120, 3);
  assert.equal(rig.detection.episodes()[0]?.id, "E-2", "numbers are never given twice");
});

test("what comes beside an episode that goes on has a name of its own, and both go on after a kill", async (t) => {
  const rig = await running(t);
  await twoEpisodes(rig);
  const names = (): readonly string[] => rig.detection.episodes().map(({ id }) => id);
  assert.deepEqual(names(), ["E-1", "E-2"]);
  assert.equal(rig.detection.health("Pump 1")?.episode?.id, "E-2", "the newest is the news");
  await rig.detection.judge("E-1", "confirmed", "anna", "bearing");
  await rig.kill();
  assert.deepEqual(names(), ["E-1", "E-2"]);
  assert.deepEqual(
    rig.detection.episodes().map(({ event: { verdict } }) => verdict),
    ["confirmed", "open"],
  );
  await rig.play(60, 3);
  await rig.detection.judge("E-1", "false", "anna", "");
  assert.deepEqual(names(), ["E-2"], "the verdict on one ends that one");
  await rig.play(600, 3);
  assert.deepEqual(names(), []);
  const ends = (await rig.kept("episode")).filter((line) => line.includes(" ended "));
  assert.deepEqual(
    ends.map((line) => line.slice(0, 3)),
    ["E-1", "E-2"],
  );
});

/** What programs have written that saved the episodes of all assets together. */
interface SavedTogether {
  readonly next: number;
  readonly open: Record<string, Record<string, SavedState>>;
  standing?: Record<string, SavedState>;
  readonly tracks: {
    readonly version: 1;
    readonly begunUs: readonly number[];
    readonly open: Record<string, SavedState>;
    standing?: Record<string, SavedState>;
    readonly endedUs: Record<string, number>;
  };
}

/** The episodes of now as such a program leaves them; what is saved with all that was learnt has them in the same words. */
function togetherAs(saved: SavedState | undefined): SavedTogether {
  const { next, open, standing, learnt } = saved as unknown as Omit<SavedTogether, "tracks"> & {
    readonly learnt: {
      readonly begunUs: readonly number[];
      readonly assets: Record<string, { open: SavedState; standing?: SavedState }>;
    };
  };
  const assets = Object.entries(learnt.assets);
  assert.ok(assets.length > 0 && standing !== undefined);
  return {
    ...{ next, open, standing },
    tracks: {
      ...{ version: 1, begunUs: learnt.begunUs, endedUs: {} },
      open: Object.fromEntries(assets.map(([id, own]) => [id, own.open])),
      standing: Object.fromEntries(assets.map(([id, own]) => [id, own.standing ?? []])),
    },
  };
}

const flow = [
  { tag: "pump-1/flow", share: 1, actual: 50, expected: 48, within: 1 },
] as const satisfies readonly Contribution[];

/** One that stands, and one that has begun beside it. */
async function twoEpisodes(rig: Rig): Promise<void> {
  await rig.play(300);
  // More than an hour, in which it does not grow.
  await rig.play(4_500, 3);
  rig.score("Pump 1");
}

test("what a program has saved of all assets together is found, and from then on each asset has its own", async (t) => {
  const rig = await running(t);
  await twoEpisodes(rig);
  const names = (): readonly string[] => rig.detection.episodes().map(({ id }) => id);
  await rig.restart(() => {
    const together = togetherAs(rig.book.state("detection"));
    rig.book.saveState("episodes", together as unknown as SavedState);
    // What an earlier time has left is not what that program knew.
    rig.book.saveState("episodes of Pump 1", { names: [], track: { lasting: [], endedUs: 0 } });
  });
  assert.deepEqual(names(), ["E-1", "E-2"]);
  await rig.restart();
  assert.deepEqual(names(), ["E-1", "E-2"]);
  assert.deepEqual(Object.keys(rig.book.state("episodes") ?? {}), ["next", "begunUs", "assets"]);
});

test("the first that is told after a start on what was saved together writes the episodes of all assets", async (t) => {
  const rig = await running(t, [asset, other]);
  await rig.play(300);
  await rig.play(60, 3);
  rig.score("Pump 2");
  const names = (): readonly string[] => rig.detection.episodes().map(({ id }) => id);
  assert.deepEqual(names(), ["E-1", "E-2"]);
  await rig.restart(() => {
    const together = togetherAs(rig.book.state("detection"));
    rig.book.saveState("episodes", together as unknown as SavedState);
    for (const { id } of [asset, other]) rig.book.saveState(`episodes of ${id}`, null);
  });
  await rig.detection.judge("E-1", "confirmed", "anna", "bearing");
  await rig.kill();
  assert.deepEqual(names(), ["E-1", "E-2"], "that of the asset of which nothing was told, too");
});

test("a verdict writes the episodes of its own asset, and what was learnt where it is learnt anew", async (t) => {
  const rig = await running(t, [asset, other]);
  await rig.play(300);
  await rig.play(60, 3);
  rig.score("Pump 2");
  const writtenBy = async (verdict: Verdict): Promise<readonly string[]> => {
    rig.book.written.clear();
    await rig.detection.judge("E-1", verdict, "anna", "bearing");
    return [...rig.book.written].toSorted();
  };
  for (const verdict of ["unknown", "confirmed"] as const) {
    assert.deepEqual(await writtenBy(verdict), ["episodes", "episodes of Pump 1"]);
  }
  assert.ok((await writtenBy("false")).includes("detection"));
});

test("what a program of before has saved of its one episode is found", async (t) => {
  const rig = await running(t);
  await rig.play(300);
  await rig.play(60, 3);
  await rig.restart(() => {
    const together = togetherAs(rig.book.state("detection"));
    delete together.standing;
    delete together.tracks.standing;
    delete together.open["Pump 1"]?.["beginUs"];
    rig.book.saveState("episodes", together as unknown as SavedState);
  });
  assert.deepEqual(
    rig.detection.episodes().map(({ id }) => id),
    ["E-1"],
  );
  await rig.play(60, 3);
  assert.equal(rig.detection.episodes().length, 1);
});

test("a kill costs neither the name of an episode nor what was learnt, which is not written with each episode", async (t) => {
  const rig = await running(t);
  await rig.play(900);
  const learnt = rig.book.state("detection");
  assert.notEqual(learnt, undefined);
  await rig.play(60, 3);
  assert.deepEqual(rig.book.state("detection"), learnt);
  await rig.kill();
  assert.equal(rig.detection.health("Pump 1")?.learnt, 1);
  assert.equal(rig.detection.episodes()[0]?.id, "E-1");
  await rig.play(60, 3);
  assert.equal(rig.detection.episodes().length, 1);
  assert.equal((await rig.kept("episode")).filter((line) => line.includes(" began ")).length, 1);
});

test("states and jobs are intervals, and go on through a restart", async (t) => {
  const rig = await running(t);
  await rig.play(5);
  rig.values[2] = 4_712;
  await rig.play(5);
  await rig.restart();
  rig.values[0] = 0;
  await rig.play(5);
  assert.deepEqual(await rig.kept("context"), [
    "began state running",
    "began job 4711",
    "ended job 4711",
    "began job 4712",
    "ended state running",
    "began state off",
  ]);
  assert.equal(rig.detection.health("Pump 1")?.state.state, "off");
  assert.equal(rig.detection.health("Pump 1")?.state.settled, false);
});

test("a repair, whoever tells of it, makes the asset learn anew", async (t) => {
  const rig = await running(t);
  await rig.play(300);
  await rig.play(60, 3);
  await rig.detection.resetBaselines("Pump 1", "repair", "anna", "bearing changed");
  assert.equal(rig.detection.health("Pump 1")?.learnt, 0);
  assert.equal(rig.detection.episodes().length, 0);
  await rig.play(300, 1.5);
  assert.equal(rig.detection.health("Pump 1")?.learnt, 1);
  const atUs = rig.clock.nowUs();
  await rig.book.keep([
    {
      ...{ kind: "context", atUs, asset: "Pump 1", subject: "from the hub" },
      body: { what: "began", context: "calibration", value: "", person: "hub" },
    },
  ]);
  assert.equal(rig.detection.health("Pump 1")?.learnt, 0);
});

test("a journal that is full costs what is told, and not the detection", async (t) => {
  const rig = await running(t);
  await rig.play(300);
  rig.book.full = true;
  await rig.play(60, 3);
  assert.equal(rig.detection.episodes().length, 1);
  await assert.rejects(rig.detection.judge("E-1", "confirmed", "anna", ""));
  rig.book.full = false;
  await rig.play(1_800);
  assert.match((await rig.kept("episode")).at(-1) ?? "", /^E-1 ended/);
});

test("samples from a device's history are not judged", async (t) => {
  const rig = await running(t);
  await rig.play(300);
  for (let step = 0; step < 60; step++) {
    await rig.play(1);
    rig.detection.watch({ ...batchOf([2, 9, 4_711], rig.clock.nowUs()), late: true });
  }
  assert.equal(rig.detection.episodes().length, 0);
});
