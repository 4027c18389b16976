/**
 * `make test`: every file of the patterns given, each in a process of its own, the longest first. `node --test` takes them by
 * their names: then a long one may begin last, and runs alone to the end while a processor has nothing to do.
 */
import { globSync, statSync } from "node:fs";
import { relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/** Automation has two processors; a third file has work for them while others wait for a database, a plant or a page. */
const atOnce = 3;
/** What waits for ever ends. The longest suite takes two minutes on a quiet machine, and ten times as long is slow and no failure. */
const fileMsMax = 1_800_000;

/** Pages in a browser last longest, then hubs with their database and broker, then lines of plants that are played. */
const longest = [/^tests\/browser\//, /^cloud-hub\//, /^tests\/sim\//];
/** So many are named in the end, for who wonders where the time went. */
const named = 10;

/** Within its kind a long file is a long run; what ends are many that take less than a second. */
function weightOf(file: string): number {
  const rank = longest.findIndex((folder) => folder.test(file));
  return (rank === -1 ? 0 : longest.length - rank) * 1e9 + statSync(file).size;
}

const files = globSync(process.argv.slice(2))
  .map((file) => ({ file, weight: weightOf(file) }))
  .toSorted((one, other) => other.weight - one.weight || one.file.localeCompare(other.file))
  .map(({ file }) => file);
if (files.length === 0) throw new Error("no test file is meant by these patterns");

// A test that failed before it closed its servers does not keep the whole run from its end.
const told = run({ files, concurrency: atOnce, timeout: fileMsMax, forceExit: true });
told.on("test:fail", () => {
  process.exitCode = 1;
});
const times: { readonly file: string; readonly ms: number }[] = [];
told.on("test:summary", ({ file, duration_ms: ms }) => {
  if (file !== undefined) times.push({ file: relative(process.cwd(), file), ms });
});
told.on("end", () => {
  if (times.length === 0) return;
  const most = times.toSorted((one, other) => other.ms - one.ms).slice(0, named);
  const lines = most.map(({ file, ms }) => `${(ms / 1_000).toFixed(0).padStart(5)} s  ${file}\n`);
  process.stdout.write(`\nthe longest of ${times.length} files:\n${lines.join("")}`);
});
told.compose(spec).pipe(process.stdout);
