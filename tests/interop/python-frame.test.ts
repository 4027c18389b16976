/** Another language, written from `docs/wire-format.md` alone, reads the stored frames of version 1 as we do. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../docs/decode_frame.py", import.meta.url));
const cases = new URL("../../packages/wire-contract/cases/version-1/", import.meta.url);
const dictionary = fileURLToPath(new URL("dictionary.frame", cases));

const missing = whatIsMissing();
const skip = missing === undefined ? false : `not reachable here: ${missing}`;

let passed = 0;
after(() => {
  const version = spawnSync("python3", ["--version"], { encoding: "utf8" }).stdout;
  console.log(
    missing === undefined
      ? `frames: ${version.trim()}: ${passed} stored frames, decoded as by us`
      : `frames: Python: not reachable here (${missing})`,
  );
});

for (const name of readdirSync(cases).filter((file) => file.endsWith(".frame"))) {
  test(`a Python program reads the stored frame ${name} as we do`, { skip }, () => {
    const path = fileURLToPath(new URL(name, cases));
    const ran = spawnSync("python3", [program, path, dictionary], { encoding: "utf8" });
    assert.equal(ran.status, 0, ran.stderr);
    const said: unknown = JSON.parse(ran.stdout);
    const expected: unknown = JSON.parse(readFileSync(path.replace(/\.frame$/, ".json"), "utf8"));
    assert.deepEqual(said, expected);
    passed++;
  });
}

test("the Python program says no to a frame in which a bit has turned", { skip }, () => {
  const bytes = readFileSync(dictionary);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  const ran = spawnSync("python3", [program, "/dev/stdin"], { input: bytes, encoding: "utf8" });
  assert.notEqual(ran.status, 0);
  assert.equal(ran.stdout, "");
});

function whatIsMissing(): string | undefined {
  if (spawnSync("python3", ["--version"]).status !== 0) return "python3";
  const modules = spawnSync("python3", ["-c", "import compression.zstd"]).status === 0;
  const thirdParty = spawnSync("python3", ["-c", "import zstandard"]).status === 0;
  const command = spawnSync("zstd", ["--version"]).status === 0;
  return modules || thirdParty || command ? undefined : "a zstd for python3";
}
