/** The plant's own alarms, over its real OPC UA server. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { startPlant, type Plant } from "@millwright/virtual-plant";
import type { WriteOutcome } from "@millwright/wire-contract";

import type { DriverContext, DriverSession, ResumePoint } from "../driver.ts";
import type { ConditionAct, ConditionNews, MachineCondition } from "../machine-condition.ts";
import { opcuaDriver } from "./opcua-driver.ts";
import { point, TestContext, TestReader, testSettings, until } from "./test-client.ts";

const never = new AbortController().signal;
const pump = "nsu=urn:millwright:virtual-plant;s=Pump1";
const overheated = `${pump}.Alarms.BearingOverheated`;
const tripped = `${pump}.Alarms.PumpTripped`;

class AlarmContext extends TestContext {
  readonly news: ConditionNews[] = [];
  readonly conditions: NonNullable<DriverContext["conditions"]>;

  constructor(folder: string, notifier = "") {
    super(folder);
    this.conditions = { notifier, tell: (news) => this.news.push(news) };
  }

  get refreshed(): boolean {
    return this.news.some(({ kind }) => kind === "all");
  }

  /** What was said of one alarm, oldest first. */
  of(condition: string): readonly MachineCondition[] {
    return this.news
      .flatMap((one) => (one.kind === "silent" ? [] : one.conditions))
      .filter((one) => one.condition === condition);
  }
}

interface Listened {
  readonly context: AlarmContext;
  readonly session: DriverSession;
  readonly reader: TestReader;
}

describe("the machine's own alarms over OPC UA", () => {
  const folder = mkdtempSync(join(tmpdir(), "millwright-conditions-"));
  let plant: Plant;
  before(async () => {
    plant = await startPlant({
      dataFolder: join(folder, "plant"),
      machines: 1,
      protocols: ["opcua"],
    });
  });
  after(async () => {
    await plant.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** For as long as the test wants. */
  const find = (bit: number): void => {
    plant.inject({ kind: "fault-bit", machine: "pump-1", bit, forS: 3_600 });
  };

  async function listen(resume?: ResumePoint, notifier = ""): Promise<Listened> {
    const context = new AlarmContext(folder, notifier);
    const settings = testSettings(plant.endpoints.opcua?.url ?? "");
    const points = [point(`${pump}.FaultWord`, "uint16")];
    const session = await opcuaDriver.open(settings, points, context, never, resume);
    return { context, session, reader: new TestReader(session) };
  }

  async function stopListening({ session, reader }: Listened): Promise<void> {
    await reader.stop();
    await session.end(AbortSignal.timeout(60_000)).catch(() => undefined);
    await session[Symbol.asyncDispose]();
  }

  test("an alarm is told when it comes, acknowledged by its newest event, and told when it has gone", async (t) => {
    const listened = await listen();
    const { context, session } = listened;
    t.after(() => stopListening(listened));
    await until("all is asked for", () => context.refreshed);
    assert.deepEqual(context.news[0], { kind: "all", conditions: [] });

    find(2);
    t.after(() => plant.clearFaults());
    await until("it is raised", () => context.of(overheated).at(-1)?.active === true);
    const raised = context.of(overheated).at(-1);
    assert.ok(raised !== undefined);
    assert.equal(raised.name, "BearingOverheated");
    assert.equal(raised.source, "Pump1");
    assert.equal(raised.message, "Bearing above 90 °C");
    assert.equal(raised.severity, 600);
    assert.deepEqual([raised.retain, raised.acked, raised.branch], [true, false, ""]);
    assert.ok(Number.isFinite(raised.sinceUs));
    assert.equal(raised.latched, undefined);

    const act = { act: "acknowledge", condition: overheated, comment: "by Anna" } as const;
    const unknown = await session.actOnCondition?.({ ...act, eventId: "00ff" }, never);
    assert.equal(unknown?.kind, "refused");
    assert.match(unknown.reason, /something newer/);
    const done = await session.actOnCondition?.({ ...act, eventId: raised.eventId }, never);
    assert.deepEqual(done, { kind: "accepted" });
    await until("it is acknowledged there", () => context.of(overheated).at(-1)?.acked === true);
    assert.equal(context.of(overheated).at(-1)?.active, true);
    const again = { ...act, eventId: context.of(overheated).at(-1)?.eventId ?? "" };
    const twice = await session.actOnCondition?.(again, never);
    assert.deepEqual(twice, { kind: "accepted" }, "what is done already is done");

    plant.clearFaults();
    await until("it has gone", () => context.of(overheated).at(-1)?.active === false);
    assert.equal(context.of(overheated).at(-1)?.retain, false);
  });

  test("what came before the conversation is asked for, in the order in which it came", async (t) => {
    t.after(() => plant.clearFaults());
    const before = await listen();
    t.after(() => stopListening(before));
    find(2);
    await until("the first is raised", () => before.context.of(overheated).length > 0);
    find(0);
    await until("the second is raised", () => before.context.of(tripped).length > 0);
    const listened = await listen();
    t.after(() => stopListening(listened));
    await until("all is told", () => listened.context.refreshed);
    const all = listened.context.news.find(({ kind }) => kind === "all");
    assert.ok(all?.kind === "all");
    assert.deepEqual(
      all.conditions.map(({ condition }) => condition),
      [overheated, tripped],
    );
  });

  test("after a break with a subscription that is gone, what vanished meanwhile is not among all", async (t) => {
    t.after(() => plant.clearFaults());
    const first = await listen();
    find(2);
    find(0);
    await until("both are raised", () => {
      const { context } = first;
      return context.of(overheated).length > 0 && context.of(tripped).length > 0;
    });
    await stopListening(first);
    assert.equal(first.context.news.at(-1)?.kind, "silent");
    plant.clearFaults();
    const between = await listen();
    t.after(() => stopListening(between));
    await until("all is told", () => between.context.refreshed);
    // Both have gone unseen: the pump waits for somebody to acknowledge them, and says so.
    await until("the trip has gone", () => between.context.of(tripped).at(-1)?.active === false);
    const { session, context } = between;
    const { eventId = "" } = context.of(tripped).at(-1) ?? {};
    const act = { act: "acknowledge", condition: tripped, eventId, comment: "by Ben" } as const;
    assert.deepEqual(await session.actOnCondition?.(act, never), { kind: "accepted" });
    await until("nothing is left of it", () => context.of(tripped).at(-1)?.retain === false);

    const last = await listen();
    t.after(() => stopListening(last));
    await until("all is told", () => last.context.refreshed);
    const all = last.context.news.find(({ kind }) => kind === "all");
    assert.deepEqual(all?.kind === "all" && all.conditions.map(({ condition }) => condition), [
      overheated,
    ]);
    assert.deepEqual(last.context.of(tripped), [], "no event says that it has gone");
  });

  test("one notifier tells its own alarms, and one that nobody knows is said to be so", async (t) => {
    t.after(() => plant.clearFaults());
    const own = await listen(undefined, pump);
    t.after(() => stopListening(own));
    find(2);
    await until("it is raised", () => own.context.of(overheated).length > 0);
    const nobody = await listen(undefined, `${pump}.Nobody`);
    t.after(() => stopListening(nobody));
    await until("it is said", () => /does not tell its own alarms/.test(nobody.context.noteText));
    assert.ok(nobody.reader.values(0).length > 0, "values come all the same");
  });

  test("it is shelved and taken out of service at the machine, where the machine offers it, and says so", async (t) => {
    const listened = await listen();
    const { context, session } = listened;
    t.after(() => stopListening(listened));
    find(2);
    find(0);
    t.after(() => plant.clearFaults());
    const newest = (condition: string): MachineCondition | undefined =>
      context.of(condition).at(-1);
    await until("both are raised", () => {
      return newest(overheated)?.active === true && newest(tripped)?.active === true;
    });
    assert.deepEqual(
      [newest(overheated)?.shelved, newest(overheated)?.outOfService],
      [false, false],
    );
    assert.deepEqual(
      [newest(tripped)?.shelved, newest(tripped)?.outOfService],
      [undefined, undefined],
    );

    const ask = async (act: ConditionAct): Promise<WriteOutcome | undefined> =>
      session.actOnCondition?.(act, never);
    const accepted = { kind: "accepted" } as const;
    const shelve = { act: "shelve", condition: overheated, forMs: 60_000 } as const;
    const tooLong = await ask({ ...shelve, forMs: 9 * 3_600_000 });
    assert.deepEqual(tooLong, { kind: "refused", reason: "it does not shelve for so long" });
    assert.deepEqual(await ask(shelve), accepted);
    await until("it is shelved there", () => newest(overheated)?.shelved === true);
    assert.equal(newest(overheated)?.active, true);
    const again = await ask(shelve);
    assert.ok(again?.kind === "refused");
    assert.match(again.reason, /shelved there already/);
    assert.deepEqual(await ask({ act: "unshelve", condition: overheated }), accepted);
    await until("it is not any more", () => newest(overheated)?.shelved === false);
    assert.deepEqual(
      await ask({ act: "unshelve", condition: overheated }),
      accepted,
      "what is done already is done",
    );
    // The machine ends it by itself.
    assert.deepEqual(await ask({ ...shelve, forMs: 200 }), accepted);
    await until("it is shelved again", () => newest(overheated)?.shelved === true);
    await until("its time is over", () => newest(overheated)?.shelved === false);

    // One-shot: until the fault has gone.
    assert.deepEqual(await ask({ act: "shelve-until-clear", condition: overheated }), accepted);
    await until("it is shelved once", () => newest(overheated)?.shelved === true);
    plant.clearFaults();
    await until("it has gone, and its shelf with it", () => {
      return newest(overheated)?.active === false && newest(overheated)?.shelved === false;
    });
    find(2);
    find(0);
    await until("it is back", () => newest(overheated)?.active === true);

    assert.deepEqual(await ask({ act: "take-out-of-service", condition: overheated }), accepted);
    await until("it is out of service there", () => newest(overheated)?.outOfService === true);
    assert.deepEqual(await ask({ act: "return-to-service", condition: overheated }), accepted);
    await until("it is back", () => newest(overheated)?.outOfService === false);

    for (const act of ["shelve", "take-out-of-service"] as const) {
      const asked =
        act === "shelve" ? { ...shelve, condition: tripped } : { act, condition: tripped };
      const refused = await ask(asked);
      assert.equal(refused?.kind, "refused");
    }
  });
});
