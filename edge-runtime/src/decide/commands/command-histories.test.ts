/**
 * Random histories (reliability.md, "commands"): commands that are lost, delayed and doubled, clocks that step both ways,
 * machines that lose answers, gateways that are killed. Whatever happens, each command is written at most once, none after
 * it expired, none against an interlock, none outside of what is granted. With one check taken out a history must fail.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, seededRandom, type Clock, type Random } from "@millwright/kit";
import { status } from "@millwright/wire-contract";
import type { EventRecord, NewEvent } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../../buffer/events/memory-book.ts";
import { checks } from "./checks.ts";
import type { Command } from "./command.ts";
import { Bench, freshMs, grant, guard, mode, setpoint, TestMachine } from "./test-bench.ts";

const historyCount = 2_000;
const expiresInMs = 5_000;

/** A protection that is taken away: a check by its name, the idempotency "key", the "monotonic" clock. */
type Missing = string;

interface Asked {
  readonly command: Command;
  /** By the history's own time, which nobody steps. */
  readonly atMs: number;
}

/** Records are on disk a moment after they were handed over; a kill in between costs them. */
class LateBook extends MemoryEventBook {
  readonly #clock: PlayedClock;
  killed = new AbortController();

  constructor(clock: PlayedClock) {
    super();
    this.#clock = clock;
  }

  override async keep(events: readonly NewEvent[]): Promise<readonly EventRecord[]> {
    const { signal } = this.killed;
    await this.#clock.sleep(40, signal).catch(() => undefined);
    if (signal.aborted) return await new Promise<never>(() => undefined);
    return await super.keep(events);
  }
}

interface Played {
  /** What went against the rules. */
  readonly faults: readonly string[];
  /** How many commands reached the machine. */
  readonly writes: number;
}

async function play(seed: number, missing?: Missing): Promise<Played> {
  const random = seededRandom(seed);
  const clock = new PlayedClock();
  const machine = new TestMachine(clock);
  const journal = new LateBook(clock);
  const faults: string[] = [];
  const written = new Map<string, number>();
  const asked = new Map<string, Asked>();
  const changes: { atMs: number; amount: number }[] = [];
  /** Set by an unknown write, cleared by a poll. */
  let unread = false;
  let run = 0;
  let bench = newBench();

  function newBench(): Bench {
    return new Bench({
      clock: missing === "monotonic" ? wallOf(clock) : clock,
      machine,
      journal,
      run: `run${run++}`,
      // A third of the machines have nothing to be read back, so that an unknown write is over at once.
      grants: [seed % 3 === 0 ? { ...grant, readBack: { kind: "none" } } : grant],
      checks: checks.filter(({ name }) => name !== missing),
    });
  }

  /** Which command is on the wire: the desk has one under way for each tag, and there is one tag. */
  let onItsWay: string | undefined;
  const follow = (desk: Bench): void => {
    desk.desk.onChanged(({ key, event }) => {
      if (event.outcome === "sent") onItsWay = key;
    });
  };
  follow(bench);

  machine.onWire = (_tag, value) => {
    const nowMs = clock.monotonicMs();
    const key = (onItsWay ?? "").replace(/#.*/, "");
    const ask = asked.get(key);
    if (ask === undefined) {
      faults.push(`${String(value)} was written, and nobody asked for it`);
      return;
    }
    const { command, atMs } = ask;
    const fail = (what: string): void => {
      faults.push(`${key} (${command.origin.kind} ${String(command.value)}): ${what}`);
    };
    const count = (written.get(key) ?? 0) + 1;
    written.set(key, count);
    if (count > 1) fail(`written ${count} times`);
    if (nowMs >= atMs + expiresInMs) fail("written after it expired");
    const known = (tag: typeof setpoint): number => {
      const read = bench.read.get(tag);
      if (read === undefined || nowMs - read.atMs > freshMs) {
        fail(`written while ${tag} was not known`);
        return NaN;
      }
      return read.value;
    };
    if (known(guard) === 0) fail("written against the interlock");
    if (known(mode) !== 2) fail("written in local mode");
    const number = Number(value);
    if (number < grant.low || number > grant.high) fail("outside the range");
    const { origin } = command;
    if (!grant.origins.includes(origin.kind)) fail("of an origin that is not granted");
    if (origin.kind === "rule" && origin.who !== grant.rule) fail("of a rule that does not own it");
    const change = Math.abs(number - known(setpoint));
    if (change > grant.stepMax) fail("more than a step");
    const minute = changes.filter((each) => nowMs - each.atMs < 60_000);
    const sum = minute.reduce((all, { amount }) => all + amount, change);
    if (sum > grant.changePerMinuteMax) fail("more than a minute may");
    changes.push({ atMs: nowMs, amount: change });
    if (origin.kind !== "rule" && command.seen !== known(setpoint)) fail("another value was seen");
    if (unread) fail("written before an unknown write was read back");
    unread = machine.answer.startsWith("lost");
  };

  let copies = 0;
  const deliver = async (command: Command, delayMs: number): Promise<void> => {
    await clock.sleep(delayMs, new AbortController().signal);
    // Without idempotency each copy would be a command of its own.
    const key = missing === "key" ? `${command.key}#${copies++}` : command.key;
    void bench.desk.submit({ ...command, key });
  };
  const poll = (): void => {
    if (!machine.linked) return;
    // Now and then the setpoint alone cannot be read.
    const except = random.int(3) === 0 ? setpoint : undefined;
    bench.poll(status.good, except);
    if (except === undefined) unread = false;
  };
  poll();

  for (let step = 0; step < 14; step++) {
    switch (random.int(12)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const command = draw(random, bench, `c${step}`);
        asked.set(command.key, { command, atMs: clock.monotonicMs() });
        if (command.origin.kind === "rule") void bench.desk.submit(command);
        else {
          const times = random.int(4);
          for (let copy = 0; copy < times; copy++) {
            void deliver(command, random.int(3) === 0 ? random.int(9_000) : random.int(60));
          }
        }
        break;
      }
      case 4:
        machine.truth.set(guard, random.int(2));
        break;
      case 5:
        machine.truth.set(mode, random.int(2) * 2);
        break;
      case 6:
        machine.truth.set(setpoint, 50 + random.int(71));
        break;
      case 7:
        clock.stepWall((random.next() - 0.5) * 14_400_000_000);
        break;
      case 8:
        machine.answer = answers[random.int(answers.length)] ?? "accepts";
        machine.lineMs = random.int(3) === 0 ? random.int(7_000) : random.int(30);
        break;
      case 9:
        machine.linked = random.int(3) > 0;
        break;
      case 10: {
        // Killed: what was on its way gets no further, what was not yet on disk is gone.
        machine.killed.abort();
        journal.killed.abort();
        machine.killed = new AbortController();
        journal.killed = new AbortController();
        bench = newBench();
        follow(bench);
        void bench.desk.start();
        break;
      }
      default:
        machine.truth.set(guard, 1);
        machine.truth.set(mode, 2);
        machine.linked = true;
        break;
    }
    const waitMs = [5, 60, 400, 2_500][random.int(4)] ?? 5;
    if (random.int(4) > 0) poll();
    await clock.advance(waitMs);
  }
  return { faults, writes: written.size };
}

/** The mistake of measuring durations with a clock that people set. */
function wallOf(clock: PlayedClock): Clock {
  const startUs = clock.nowUs() - clock.monotonicMs() * 1_000;
  return {
    nowUs: () => clock.nowUs(),
    monotonicMs: () => Math.max(0, (clock.nowUs() - startUs) / 1_000),
    after: (ms, ring) => clock.after(ms, ring),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
}

const answers = [
  "accepts",
  "accepts",
  "accepts",
  "refuses",
  "lost, acted",
  "lost, not acted",
  "lost, not acted",
  "accepts and does not do it",
] as const;

function draw(random: Random, bench: Bench, key: string): Command {
  const seen = bench.read.get(setpoint)?.value ?? 100;
  const kind = (["hmi", "hmi", "rule", "hub"] as const)[random.int(4)] ?? "hmi";
  const who = kind === "rule" && random.int(3) > 0 ? "slow-the-spindle" : "somebody";
  const value = random.int(4) === 0 ? 40 + random.int(90) : seen + random.int(31) - 15;
  const common = { key, tag: setpoint, value, origin: { kind, who }, expiresInMs };
  if (kind === "rule") return common;
  return {
    ...common,
    seen: random.int(5) === 0 ? seen + 3 : seen,
    ticket: bench.desk.ticket(),
  };
}

test(`in ${historyCount} histories nothing is written twice, too late, against an interlock or beyond a grant`, async () => {
  let all = 0;
  for (let seed = 1; seed <= historyCount; seed++) {
    const { faults, writes } = await play(seed);
    assert.deepEqual(faults, [], `seed ${seed}`);
    all += writes;
  }
  assert.ok(all > historyCount / 2, `only ${all} writes in ${historyCount} histories`);
});

const needed: readonly Missing[] = [
  "key",
  "monotonic",
  "expiry",
  "grant",
  "owner",
  "range",
  "unread",
  "present",
  "seen",
  "step",
  "rate",
  "mode",
  "interlock",
];

for (const missing of needed) {
  test(`control: without "${missing}" a history goes against the rules`, async () => {
    for (let seed = 1; seed <= historyCount; seed++) {
      if ((await play(seed, missing)).faults.length > 0) return;
    }
    assert.fail(`no history needed ${missing}`);
  });
}
