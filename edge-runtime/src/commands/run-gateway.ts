import { parseArgs } from "node:util";

import { exitCodes } from "../exit-codes.ts";
import type { JournalThread } from "../buffer/journal-thread.ts";
import { keepCompiledCode } from "../compiled-code.ts";
import { joinJournal } from "../journal-parts.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { warningsOf } from "../settings/plan-lines.ts";
import { software } from "../settings/software.ts";
import type { CommandContext } from "./command.ts";

/** The supervisor ends a runtime that has not said so for ten of these. */
const aliveEveryMs = 1_000;

/** Runs the gateway of a settings file until it is ended. @returns the exit code */
export async function runGateway(
  args: readonly string[],
  { clock, random, log, logged, out, until }: CommandContext,
  journalThread: JournalThread,
): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { settings: { type: "string", default: "gateway.yaml" } },
  });
  const settings = loadSettings(values.settings);
  for (const { where, what } of warningsOf(settings.devices, settings.publish)) {
    log.warn("settings.warning", { where, what });
  }
  // The journal's thread opens its file while we load the larger part of our code.
  const journal = joinJournal({ settings, thread: journalThread, clock, random, log });
  // Whether it went well is asked for once that is there.
  journal.catch(() => undefined);
  const { runRuntime } = await import("../runtime.ts");
  // With a supervisor above us: a loop that no longer turns no longer says that it lives.
  const alive = setInterval(() => {
    if (process.connected) process.send?.("alive");
  }, aliveEveryMs);
  alive.unref();
  // A supervisor that was killed is started again and starts a runtime of its own, which needs our journal and port.
  const orphaned = new AbortController();
  const leave = (): void => {
    log.warn("edge.supervisor-gone");
    orphaned.abort(new Error("the supervisor is gone"));
  };
  process.once("disconnect", leave);
  try {
    await runRuntime(
      {
        settings,
        journal,
        software: software(),
        clock,
        random,
        log,
        ready(facts) {
          log.info("edge.ready", { gateway: settings.gateway.id, ...facts });
          process.send?.({ ready: true, ...facts });
          keepCompiledCode();
        },
        print: (text) => out.write(text),
        ...(logged === undefined ? {} : { logged }),
      },
      AbortSignal.any([until, orphaned.signal]),
    );
  } finally {
    clearInterval(alive);
    process.off("disconnect", leave);
    if (process.connected) process.disconnect();
  }
  log.info("edge.stopped", { gateway: settings.gateway.id });
  return exitCodes.done;
}
