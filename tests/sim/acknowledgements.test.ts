/**
 * Acknowledgements from both sides, played: people at the hub and at the gateway acknowledge what they see, while the alarm comes
 * and goes, messages between the two are lost, doubled, late and overtake one another, and the gateway is killed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { AcknowledgementDesk, type AcknowledgementShelf } from "@millwright/cloud-hub/parts";
import { LiveAlarms, MemoryEventBook, type AlarmDefinition } from "@millwright/edge-runtime/parts";
import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import type { AskedAcknowledgement, GatewayId } from "@millwright/wire-contract";
import type { AlarmEvent } from "@millwright/wire-contract/events";
import fc from "fast-check";

const gateway = "gw-1" as GatewayId;

/** The hub's table, and the events that have reached the hub. */
class Shelf implements AcknowledgementShelf {
  rows: Awaited<ReturnType<AcknowledgementShelf["list"]>> = [];
  reached: Awaited<ReturnType<AcknowledgementShelf["answers"]>> = [];

  add(asked: Parameters<AcknowledgementShelf["add"]>[0]): Promise<void> {
    this.rows = [...this.rows, asked];
    return Promise.resolve();
  }

  open(): ReturnType<AcknowledgementShelf["open"]> {
    return Promise.resolve(this.rows.filter(({ state }) => state === "waiting"));
  }

  list(): ReturnType<AcknowledgementShelf["list"]> {
    return Promise.resolve(this.rows.toReversed());
  }

  answers(): ReturnType<AcknowledgementShelf["answers"]> {
    return Promise.resolve(this.reached);
  }

  end(...[id, state, reason, answeredUs]: Parameters<AcknowledgementShelf["end"]>): Promise<void> {
    this.rows = this.rows.map((row) =>
      row.id === id && row.state === "waiting" ? { ...row, state, reason, answeredUs } : row,
    );
    return Promise.resolve();
  }

  forget(): Promise<void> {
    return Promise.resolve();
  }
}

class Plant {
  readonly clock = new PlayedClock();
  readonly book = new MemoryEventBook();
  readonly shelf = new Shelf();
  readonly hub: AcknowledgementDesk;
  /** Messages of the hub on their way, and all that it ever sent. */
  readonly road: (readonly AskedAcknowledgement[])[] = [];
  /** What the audit book of the gateway would say of the hub's people. */
  readonly audited: number[] = [];
  readonly #latching: boolean;
  #alarms: LiveAlarms;

  constructor(latching: boolean) {
    this.#latching = latching;
    this.hub = new AcknowledgementDesk({
      shelf: this.shelf,
      isKnown: () => Promise.resolve(true),
      tell: () => undefined,
      clock: this.clock,
      random: seededRandom(1),
      log: silentLog,
    });
    this.#alarms = this.#gateway();
  }

  get raisedUs(): number {
    return this.#alarms.row("hot")?.raisedUs ?? 0;
  }

  get row(): ReturnType<LiveAlarms["row"]> {
    return this.#alarms.row("hot");
  }

  async begin(): Promise<void> {
    await this.#alarms.start();
    await this.#turn();
  }

  async set(holds: boolean): Promise<void> {
    if (holds) this.#alarms.raise("hot");
    else this.#alarms.clear("hot");
    await this.#turn();
  }

  async actHere(person: string, raisedUs: number): Promise<void> {
    const act = { act: "acknowledge", alarm: "hot", raisedUs } as const;
    const done = this.#alarms.act(act, { person, supervisor: false });
    await this.#turn();
    await done;
  }

  async actAtHub(person: string, raisedUs: number): Promise<void> {
    await this.hub.acknowledge(gateway, "hot", raisedUs, person);
    this.road.push(this.hub.of(gateway));
    await this.#turn();
  }

  async deliver(message: readonly AskedAcknowledgement[]): Promise<void> {
    const asked = JSON.parse(JSON.stringify(message)) as readonly AskedAcknowledgement[];
    this.audited.push(...this.#alarms.askedAtHub(asked).map((one) => one.asked.id));
    await this.#turn();
  }

  /** Events reach the hub, which looks for answers and says again what has none. */
  async look(): Promise<void> {
    const events = await this.events();
    this.shelf.reached = events.map(({ atUs, body }) => ({ atUs, json: JSON.stringify(body) }));
    await this.hub.look();
    this.road.push(this.hub.of(gateway));
  }

  /** Starts again from what the journal has. */
  async kill(): Promise<void> {
    await this.#alarms.stop(AbortSignal.abort());
    this.#alarms = this.#gateway();
    await this.begin();
  }

  async stop(): Promise<void> {
    await this.#alarms.stop(AbortSignal.abort());
  }

  async events(): Promise<readonly { readonly atUs: number; readonly body: AlarmEvent }[]> {
    const found = await this.book.list({ kind: "alarm", subject: "hot", max: 10_000 });
    return found
      .toReversed()
      .flatMap((event) => (event.kind === "alarm" ? [{ atUs: event.atUs, body: event.body }] : []));
  }

  #gateway(): LiveAlarms {
    const { clock, book } = this;
    const world = {
      indexOf: () => undefined,
      valueOf: () => NaN,
      isFresh: () => true,
      stateOf: () => undefined,
    };
    const definitions = { alarms: [hot(this.#latching)], noted: [] };
    const random = seededRandom(1);
    return new LiveAlarms({ definitions, world, book, clock, random, log: silentLog });
  }

  async #turn(): Promise<void> {
    await this.clock.advance(1);
  }
}

function hot(latching: boolean): AlarmDefinition {
  return {
    ...{ id: "hot", asset: "Pump 1", message: "too hot", priority: 2, group: "", unit: "" },
    class: {
      ...{ name: "wear", action: "Look at it.", consequence: "", causes: [] },
      ...{ respondMin: 10, shelveHoursMax: 8, latching },
    },
    tag: undefined,
    condition: { kind: "told" },
    ...{ onDelayMs: 0, offDelayMs: 0, states: undefined, suppressedWhen: undefined },
  };
}

type Step =
  | { readonly kind: "come" | "go" | "look" | "kill" | "lose" }
  | { readonly kind: "here" | "hub"; readonly person: string; readonly stale: boolean }
  | { readonly kind: "deliver"; readonly pick: number; readonly keep: boolean };

const person = fc.constantFrom("ada", "ben", "chen");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("come", "go", "look", "kill", "lose") }),
  fc.record({ kind: fc.constantFrom("here", "hub"), person, stale: fc.boolean() }),
  fc.record({ kind: fc.constant("deliver"), pick: fc.nat(20), keep: fc.boolean() }),
);

async function play(steps: readonly Step[], latching: boolean): Promise<Plant> {
  const plant = new Plant(latching);
  await plant.begin();
  const seen: number[] = [];
  for (const one of steps) {
    if (plant.raisedUs > 0 && plant.raisedUs !== seen.at(-1)) seen.push(plant.raisedUs);
    switch (one.kind) {
      case "come":
      case "go":
        await plant.set(one.kind === "come");
        break;
      case "look":
      case "kill":
        await plant[one.kind]();
        break;
      case "lose":
        plant.road.shift();
        break;
      case "here":
      case "hub": {
        // Somebody whose page is behind sees the occurrence before.
        const raisedUs = seen.at(one.stale ? -2 : -1);
        if (raisedUs === undefined) break;
        if (one.kind === "here") await plant.actHere(one.person, raisedUs);
        else await plant.actAtHub(one.person, raisedUs);
        break;
      }
      case "deliver": {
        const at = one.pick % Math.max(1, plant.road.length);
        const message = plant.road[at];
        if (message === undefined) break;
        if (!one.keep) plant.road.splice(at, 1);
        await plant.deliver(message);
        break;
      }
    }
  }
  return plant;
}

/** The road works again, in the order of sending. */
async function settle(plant: Plant): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await plant.look();
    for (const message of plant.road.splice(0)) await plant.deliver(message);
  }
  await plant.look();
}

test("A6: what is acknowledged at the hub is answered once, by the gateway, whatever happens on the way", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, latching) => {
      const plant = await play(steps, latching);
      await settle(plant);
      const asked = plant.shelf.rows;
      assert.deepEqual(
        asked.filter(({ state }) => state === "waiting"),
        [],
      );
      const events = await plant.events();
      const answers = events.filter(({ body }) => body.asked !== undefined);
      const ids = (all: readonly (number | undefined)[]): readonly (number | undefined)[] =>
        all.toSorted((a, b) => (a ?? 0) - (b ?? 0));
      const wanted = ids(asked.map(({ id }) => id));
      assert.deepEqual(ids(answers.map(({ body }) => body.asked)), wanted, "one event each");
      assert.deepEqual(ids(plant.audited), wanted, "one entry of the audit book each");
      for (const { body } of answers) {
        const row = asked.find(({ id }) => id === body.asked);
        const accepted = body.transition === "acknowledged";
        assert.equal(row?.state, accepted ? "accepted" : "refused");
        if (accepted) assert.equal(body.raisedUs, row.raisedUs, "of the occurrence that was seen");
        if (accepted) assert.notEqual(body.state, "unacknowledged");
        assert.equal(body.person, row.person);
      }
      await plant.stop();
    }),
    { numRuns: 150 },
  );
});

test("both sides at once end in one state and one name, in whatever order the two are heard", async () => {
  const played = async (
    hubFirst: boolean,
    killed: boolean,
    returned: boolean,
  ): Promise<unknown> => {
    const plant = new Plant(true);
    await plant.begin();
    await plant.set(true);
    const { raisedUs } = plant;
    await plant.actAtHub("ada", raisedUs);
    const [message = []] = plant.road;
    if (returned) await plant.set(false);
    if (hubFirst) await plant.deliver(message);
    await plant.actHere("ben", raisedUs);
    if (killed) await plant.kill();
    if (!hubFirst) await plant.deliver(message);
    const { state, person } = plant.row ?? {};
    const names = (await plant.events()).flatMap(({ body }) => body.person ?? []);
    await plant.stop();
    return { state, person, hub: names.includes("ada"), audited: plant.audited.length };
  };
  for (const returned of [false, true]) {
    for (const killed of [false, true]) {
      const state = returned ? "latched" : "acknowledged";
      const wanted = { state, person: "ada", hub: true, audited: 1 };
      assert.deepEqual(await played(true, killed, returned), wanted);
      assert.deepEqual(await played(false, killed, returned), wanted, "she was first");
    }
  }
});

test("of an occurrence that has ended, come again or been taken away nothing is acknowledged, and the reason says so", async () => {
  const plant = new Plant(false);
  await plant.begin();
  await plant.set(true);
  const first = plant.raisedUs;
  await plant.actAtHub("ada", first);
  await plant.set(false);
  await plant.set(true);
  await settle(plant);
  assert.equal(plant.row?.state, "unacknowledged");
  assert.equal((await plant.events()).at(-1)?.body.raisedUs, plant.raisedUs, "what the hub shows");
  await plant.actHere("ben", plant.raisedUs);
  await plant.set(false);
  await plant.actAtHub("chen", first);
  await plant.hub.acknowledge(gateway, "gone", first, "chen");
  await settle(plant);
  const said = plant.shelf.rows.map(({ state, reason }) => [state, reason]);
  assert.deepEqual(said, [
    ["refused", "It has come again since."],
    ["refused", "It has ended since."],
    ["waiting", ""],
  ]);
  const gone = await plant.book.list({ kind: "alarm", subject: "gone", max: 2 });
  assert.deepEqual(
    gone.map(({ body }) => ("reason" in body ? body.reason : "")),
    ["There is no alarm gone on this gateway."],
  );
  await plant.stop();
});
