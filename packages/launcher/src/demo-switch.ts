/**
 * What can be done to a running demo from another terminal: `make demo-cut` and `make demo-join` pull and plug the cable to the
 * hub, `make demo-wear` and `make demo-repair` wear a bearing and change it. The demo listens on a port of this machine and
 * writes the number beside its data.
 */
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

import { Fault, messageChain } from "@millwright/kit";

const moves = ["cut", "join", "wear", "repair"] as const;
export type DemoMove = (typeof moves)[number];

/** What the running demo lets be done to it. */
export interface DemoHands {
  readonly lines: readonly string[];
  /** Rejects when it cannot be done. */
  do(move: DemoMove, line: string): Promise<void>;
}

/** Longest word that is listened to: a move and the id of a line. */
const wordBytesMax = 256;
/** A demo on this machine answers at once; one that was killed never does. */
const answerMsMax = 5_000;

/** There is no demo to which something could be done. */
export class NoDemo extends Fault {
  override readonly name = "NoDemo";
  readonly code = "launch.no-demo";
  readonly retry = "never";
  readonly hint = "Start `make demo` in another terminal, and try again when it says that it runs.";
}

/** What a move does: pure, so that it can be said before it is done. */
export function planMove(
  word: string,
  lines: readonly string[],
): { readonly move: DemoMove; readonly lines: readonly string[] } | { readonly refused: string } {
  const [text = "", line] = word.trim().split(/\s+/);
  const move = moves.find((one) => one === text);
  if (move === undefined) {
    return { refused: `"${text}" is no move; there are ${moves.join(", ")}` };
  }
  if (line !== undefined && !lines.includes(line)) {
    return { refused: `there is no line "${line}"; there are ${lines.join(", ")}` };
  }
  return { move, lines: line === undefined ? lines : [line] };
}

/** Listens for moves until it is stopped. */
export async function listenForMoves(
  folder: string,
  hands: DemoHands,
): Promise<{ stop(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.setEncoding("utf8");
    socket.on("error", () => undefined);
    let word = "";
    socket.on("data", (text: string) => {
      word += text;
      if (word.length > wordBytesMax) socket.destroy();
      else if (word.includes("\n")) {
        void doMove(word, hands).then((answer) => socket.end(`${answer}\n`));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const file = join(folder, "switch.json");
  writeFileSync(file, JSON.stringify({ port: (server.address() as AddressInfo).port }));
  return {
    async stop() {
      rmSync(file, { force: true });
      server.close();
      await once(server, "close");
    },
  };
}

/** Asks the demo of this folder; answers what it said. Throws `NoDemo`. */
export async function askForMove(folder: string, word: string): Promise<string> {
  const file = join(folder, "switch.json");
  try {
    const { port } = JSON.parse(readFileSync(file, "utf8")) as { readonly port: number };
    const socket = connect({ port, host: "127.0.0.1", timeout: answerMsMax });
    socket.setEncoding("utf8");
    socket.on("timeout", () => socket.destroy(new Error("no answer")));
    socket.write(`${word}\n`);
    let answer = "";
    for await (const text of socket) answer += String(text);
    return answer.trim();
  } catch (cause) {
    throw new NoDemo(`no demo runs with ${folder}`, { cause });
  }
}

async function doMove(word: string, hands: DemoHands): Promise<string> {
  const plan = planMove(word, hands.lines);
  if ("refused" in plan) return plan.refused;
  try {
    for (const line of plan.lines) await hands.do(plan.move, line);
  } catch (failure) {
    return `That could not be done: ${messageChain(failure)}.`;
  }
  return said[plan.move](plan.lines.join(" and "));
}

const said: Readonly<Record<DemoMove, (lines: string) => string>> = {
  cut: (lines) =>
    `The cable between ${lines} and the hub is pulled. The HMIs go on and count the room that is left; the console says what it no longer hears.`,
  join: (lines) =>
    `The cable of ${lines} is in again. The console is live first, and what it missed follows.`,
  wear: (lines) =>
    `The front bearing of the spindle of ${lines} wears out within a minute. Look at "Spindle 1" on the HMI: what is found, which alarm rises, and what the rule does.`,
  repair: (lines) =>
    `The spindle of ${lines} has a new bearing. A person takes the override back to 100 % under Control.`,
};
