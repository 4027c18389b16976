import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Hono } from "hono";
import type {
  AlarmEvent,
  EpisodeEvent,
  TimeMark,
  TimeMarks,
} from "@millwright/wire-contract/events";

import { addMarkRoutes, type MarkSource } from "./mark-routes.ts";
import { marksOf, type MarkedEvent } from "./time-marks.ts";

/** µs of a second of the test. */
const at = (second: number): number => 1_800_000_000_000_000 + second * 1e6;
const all = { assets: [], tags: [] };

function alarm(
  subject: string,
  second: number,
  raised: number,
  body: Partial<AlarmEvent> = {},
): MarkedEvent {
  return {
    ...{ kind: "alarm", atUs: at(second), asset: "Pump 1", subject },
    body: {
      ...{ transition: "raised", state: "unacknowledged", priority: 2, message: "too hot" },
      ...{ raisedUs: at(raised), ...body },
    },
  };
}

function episode(
  subject: string,
  second: number,
  begin: number,
  body: Partial<EpisodeEvent> = {},
): MarkedEvent {
  return {
    ...{ kind: "episode", atUs: at(second), asset: "Pump 1", subject },
    body: {
      what: "began" as const,
      ...{ beginUs: at(begin), peakUs: at(begin), score: 2, severity: 0.5 },
      ...{ class: "drift", levels: ["statistic"], detectors: ["cusum"], verdict: "open" },
      contributions: [{ tag: "pump-1/vibration", share: 1, actual: 4, expected: 2, within: 1 }],
      ...body,
    },
  };
}

const returned = { transition: "returned", state: "returned" } as const;
const acknowledged = { transition: "acknowledged", state: "acknowledged" } as const;

/** `id from-to` in seconds of the test. */
function drawn(
  events: readonly MarkedEvent[],
  from = 0,
  to = 1_000,
  wanted: Parameters<typeof marksOf>[2] = all,
): readonly string[] {
  const newest = events.toSorted((a, b) => b.atUs - a.atUs);
  const second = (us: number): number => (us - at(0)) / 1e6;
  return marksOf(newest, { fromUs: at(from), toUs: at(to) }, wanted).map(
    ({ id, fromUs, toUs }: TimeMark) =>
      `${id} ${second(fromUs)}-${toUs === undefined ? "" : second(toUs)}`,
  );
}

describe("alarms and episodes on a time axis", () => {
  test("an alarm lasts until its condition has gone, whoever acknowledged it and when", () => {
    const late = { transition: "acknowledged", state: "normal" } as const;
    const hot = [
      alarm("hot", 10, 10),
      alarm("hot", 30, 10, returned),
      alarm("hot", 50, 10, late),
      alarm("hot", 60, 60),
      alarm("hot", 61, 60, acknowledged),
      alarm("hot", 90, 60, { transition: "returned", state: "normal" }),
    ];
    assert.deepEqual(drawn(hot), ["hot 10-30", "hot 60-90"]);
  });

  test("what nobody was told of any more has ended there, and what was only noted is no alarm", () => {
    const shelved = { transition: "shelved", state: "shelved" } as const;
    const noted = { transition: "noted", state: "normal" } as const;
    assert.deepEqual(
      drawn([
        alarm("hot", 10, 10),
        alarm("hot", 20, 10, shelved),
        alarm("door", 5, 5, noted),
        alarm("cover", 6, 0, { transition: "unshelved", state: "normal", raisedUs: 0 }),
      ]),
      ["hot 10-20"],
    );
  });

  test("a note belongs to its occurrence, and ends nothing", () => {
    const note = (text: string): object => {
      return { transition: "annotated", state: "normal", note: { text, author: "Ada" } };
    };
    const hot = [
      alarm("hot", 10, 10),
      alarm("hot", 20, 10, note("hums")),
      alarm("hot", 30, 10, returned),
      alarm("hot", 40, 10, note("greased")),
      alarm("hot", 60, 60),
      alarm("other", 5, 0, note("of no occurrence")),
    ];
    assert.deepEqual(drawn(hot), ["hot 10-30", "hot 60-"]);
    const newest = hot.toSorted((a, b) => b.atUs - a.atUs);
    const marks = marksOf(newest, { fromUs: at(0), toUs: at(100) }, all);
    assert.deepEqual(
      marks.map((mark) => (mark.kind === "alarm" ? mark.notes?.map(({ text }) => text) : [])),
      [["hums", "greased"], undefined],
    );
  });

  test("what lasts has no end, and touches a time in which nothing was said of it", () => {
    const events = [alarm("hot", 10, 10), alarm("hot", 12, 10, acknowledged), episode("e", 11, 8)];
    assert.deepEqual(drawn(events, 100, 200), ["e 8-", "hot 10-"]);
    assert.deepEqual(drawn(events, 0, 5), []);
  });

  test("one whose end was not kept is left out rather than drawn until now", () => {
    const events = [alarm("hot", 10, 10), alarm("hot", 50, 50), alarm("hot", 55, 50, returned)];
    assert.deepEqual(drawn(events), ["hot 50-55"]);
    assert.deepEqual(drawn([episode("e", 1, 1), episode("f", 9, 9)]), ["f 9-"]);
    // Only its acknowledgement is known: when it returned is not.
    const late = { transition: "acknowledged", state: "normal" } as const;
    assert.deepEqual(drawn([alarm("hot", 50, 10, late)]), []);
  });

  test("the newest word on an episode counts, and a verdict does not open it again", () => {
    const ended = { what: "ended", endUs: at(40) } as const;
    const events = [episode("e", 10, 10), episode("e", 20, 10, { what: "grew" })];
    assert.deepEqual(drawn(events), ["e 10-"]);
    const judged = episode("e", 90, 10, { ...ended, what: "verdict", verdict: "false" });
    assert.deepEqual(drawn([...events, episode("e", 40, 10, ended), judged]), ["e 10-40"]);
    assert.deepEqual(drawn([...events, judged], 41, 60), []);
  });

  test("a chart marks its machines, and what names its values on any of them", () => {
    const other = { ...alarm("far", 10, 10, { tag: "pump-1/flow" }), asset: "Pump 2" };
    const own = { ...alarm("disk", 11, 11), asset: "" };
    const events = [other, own, alarm("hot", 12, 12), episode("e", 13, 13)];
    assert.deepEqual(drawn(events, 0, 99, { assets: ["Pump 1"], tags: [] }), ["hot 12-", "e 13-"]);
    assert.deepEqual(drawn(events, 0, 99, { assets: [""], tags: ["pump-1/flow"] }), ["far 10-"]);
    assert.deepEqual(drawn(events, 0, 99, { assets: [], tags: ["pump-1/vibration"] }), ["e 13-"]);
  });
});

describe("what a server answers about marks", () => {
  /** Answers as a journal does, and remembers how much it was asked for. */
  function rig(events: readonly MarkedEvent[]): {
    readonly get: (query: string) => Promise<Response>;
    readonly most: () => number;
  } {
    let most = 0;
    const source: MarkSource = {
      events(kind, { fromUs = -Infinity, toUs }, max) {
        most = Math.max(most, max);
        const found = events.filter(
          (one) => one.kind === kind && one.atUs >= fromUs && one.atUs <= toUs,
        );
        return Promise.resolve(found.toSorted((a, b) => b.atUs - a.atUs).slice(0, max));
      },
      lasting: () => Promise.resolve([alarm("standing", -900_000, -900_000)]),
    };
    const app = new Hono();
    addMarkRoutes(app, "/api", () => source);
    return { get: async (query) => await app.request(`/api/marks?${query}`), most: () => most };
  }
  const range = (from: number, to: number): string => `from=${at(from)}&to=${at(to)}`;

  test("what began before the time and goes on is in it, also when it began long ago", async () => {
    const { get } = rig([alarm("hot", -50, -50), alarm("hot", -5, -5), alarm("cold", 5, 5)]);
    const { marks, more, knownFromUs } = (await (await get(range(0, 10))).json()) as TimeMarks;
    assert.deepEqual(
      marks.map(({ id }) => id),
      ["standing", "hot", "cold"],
    );
    assert.equal(more, 0);
    assert.equal(knownFromUs, undefined);
  });

  test("of a storm it tells the newest, how many more it found, and since when it knows all", async () => {
    const storm = Array.from({ length: 5_000 }, (_, second) => [
      alarm(`a-${second}`, second, second),
      alarm(`a-${second}`, second + 0.5, second, returned),
    ]).flat();
    const { get, most } = rig(storm);
    const { marks, more, knownFromUs } = (await (await get(range(0, 6_000))).json()) as TimeMarks;
    assert.equal(marks.length, 200);
    assert.equal(marks.at(-1)?.id, "a-4999");
    assert.equal(more, 1_301, "1,500 of the storm and the one that stands, less 200");
    assert.equal(knownFromUs, at(3_500));
    assert.equal(most(), 3_000, "no question without a bound");
  });

  test("what cannot be understood is refused in words", async () => {
    const { get } = rig([]);
    const many = Array.from({ length: 9 }, () => "&tag=a").join("");
    for (const query of ["from=1", range(5, 5), `${range(0, 1)}${many}`]) {
      const answer = await get(query);
      assert.equal(answer.status, 400, query);
      assert.match(await answer.text(), /must be times|at most 8 times/);
    }
  });
});
