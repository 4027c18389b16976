/**
 * The switch of the demo's network: `make demo-cut` and `make demo-join` throw it from another terminal. The running demo
 * listens on a port of this machine and writes the number beside its data.
 */
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

import { Fault } from "@millwright/kit";

import type { HubCable } from "./hub-cable.ts";

export type SwitchMove = "cut" | "join";

/** Longest word that is listened to: a move and the id of a line. */
const wordBytesMax = 256;
/** A demo on this machine answers at once; one that was killed never does. */
const answerMsMax = 5_000;

/** There is no demo whose cable could be pulled. */
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
): { readonly move: SwitchMove; readonly lines: readonly string[] } | { readonly refused: string } {
  const [move = "", line] = word.trim().split(/\s+/);
  if (move !== "cut" && move !== "join") {
    return { refused: `"${move}" is no move; there are "cut" and "join"` };
  }
  if (line !== undefined && !lines.includes(line)) {
    return { refused: `there is no line "${line}"; there are ${lines.join(", ")}` };
  }
  return { move, lines: line === undefined ? lines : [line] };
}

/** Listens for moves until it is stopped. @param moved what was done, for the board */
export async function listenForMoves(
  folder: string,
  cables: ReadonlyMap<string, HubCable>,
  moved: (line: string, move: SwitchMove) => void,
): Promise<{ stop(): Promise<void> }> {
  const server = createServer((socket) => {
    socket.setEncoding("utf8");
    socket.on("error", () => undefined);
    let word = "";
    socket.on("data", (text: string) => {
      word += text;
      if (word.length > wordBytesMax) socket.destroy();
      else if (word.includes("\n")) socket.end(`${doMove(word, cables, moved)}\n`);
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

function doMove(
  word: string,
  cables: ReadonlyMap<string, HubCable>,
  moved: (line: string, move: SwitchMove) => void,
): string {
  const plan = planMove(word, [...cables.keys()]);
  if ("refused" in plan) return plan.refused;
  for (const line of plan.lines) {
    const cable = cables.get(line);
    if (plan.move === "cut") cable?.pull();
    else cable?.plug();
    moved(line, plan.move);
  }
  const names = plan.lines.join(" and ");
  return plan.move === "cut"
    ? `The cable between ${names} and the hub is pulled. The HMIs go on and count the room that is left; the console says what it no longer hears.`
    : `The cable of ${names} is in again. The console is live first, and what it missed follows.`;
}
