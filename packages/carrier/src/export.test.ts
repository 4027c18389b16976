import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { roadLanes } from "@millwright/wire-contract";
import fc from "fast-check";

import { openEnvelope, sealEnvelope } from "./envelope.ts";
import { carrierFault, CarrierUnusable } from "./faults.ts";
import { packFrames, unpackFrames, type CarriedFrame } from "./frame-file.ts";
import { fingerprintOf, isFingerprintOf, openKey, type SigningKey } from "./key.ts";
import { readManifest, sealManifest, type ExportedFile } from "./manifest.ts";
import { readMarks, sealMarks } from "./marks.ts";
import { findExports, openExport } from "./read-export.ts";
import { isRefusal } from "./refuse.ts";
import { manifestOf, testFolder, testFrame, testKey, writeTestExport } from "./test-export.ts";
import { ExportWriter } from "./write-export.ts";

const someFrames = fc.array(
  fc.record({ lane: fc.constantFrom(...roadLanes), bytes: fc.uint8Array({ maxLength: 300 }) }),
  { maxLength: 40 },
);

test("frames come out of a file as they went in", () => {
  fc.assert(
    fc.property(someFrames, (frames) => {
      const read = unpackFrames(packFrames(frames));
      assert.ok(!isRefusal(read));
      assert.deepEqual(read.map(plain), frames.map(plain));
    }),
  );
});

test("a file of frames that was cut anywhere gives fewer frames or is refused, and never throws", () => {
  fc.assert(
    fc.property(someFrames, fc.nat(), (frames, cut) => {
      const whole = packFrames(frames);
      const read = unpackFrames(whole.subarray(0, cut % whole.length));
      if (isRefusal(read)) return;
      assert.deepEqual(read.map(plain), frames.slice(0, read.length).map(plain));
      assert.ok(read.length < frames.length);
    }),
  );
});

test("whatever is written to a stick is read from it, and the manifest counts it", async (context) => {
  const folder = testFolder(context);
  const key = testKey(folder);
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 2_000 }),
      async (bodies, fileBytes) => {
        const frames = bodies.map((body, at) => testFrame("live", at + 1, body));
        const writer = await ExportWriter.open(folder, `millwright-x-${turn++}`, fileBytes);
        for (const { frame, head } of frames) await writer.add(frame, head);
        const found = await openExport(await writer.finish(manifestOf(key), key));
        assert.ok(!isRefusal(found));
        const read: CarriedFrame[] = [];
        for (const file of found.manifest.files) read.push(...(await framesIn(found, file)));
        assert.deepEqual(
          read.map(plain),
          frames.map(({ frame }) => plain(frame)),
        );
        assert.equal(found.manifest.frames, frames.length);
        assert.equal(found.manifest.lanes[0]?.toSeq ?? 0, frames.length);
      },
    ),
    { numRuns: 40 },
  );
});

test("a key is made once, for its owner alone, and is made private again when it was opened to others", (context) => {
  const file = join(testFolder(context), "data", "key.pem");
  const made = openKey(file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  chmodSync(file, 0o644);
  assert.equal(openKey(file).publicKey, made.publicKey);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("a damaged key file is said, and not replaced", (context) => {
  const file = join(testFolder(context), "key.pem");
  writeFileSync(file, "not a key");
  assert.throws(() => openKey(file), { code: "carrier.key-unusable" });
  assert.equal(readFileSync(file, "utf8"), "not a key");
});

test("a fingerprint is eight groups of four, and is known however it is typed", (context) => {
  const { publicKey } = testKey(testFolder(context));
  const fingerprint = fingerprintOf(publicKey);
  assert.match(fingerprint, /^([0-9a-f]{4}-){7}[0-9a-f]{4}$/);
  assert.ok(isFingerprintOf(fingerprint.toUpperCase().replaceAll("-", " "), publicKey));
  assert.ok(!isFingerprintOf(fingerprint.slice(0, -1), publicKey));
  assert.ok(!isFingerprintOf("", publicKey));
});

test("an envelope of one kind is not taken for another", (context) => {
  const key = testKey(testFolder(context));
  const sealed = sealEnvelope("export", Buffer.from("{}"), key);
  assert.ok(isRefusal(openEnvelope("marks", sealed)));
  const opened = openEnvelope("export", sealed);
  assert.ok(!isRefusal(opened));
  assert.ok(opened.isSignedBy(key.publicKey));
  assert.ok(!opened.isSignedBy(testKey(testFolder(context)).publicKey));
  assert.ok(!opened.isSignedBy("AAAA"));
});

test("marks come back as they were signed, and a changed byte is refused", (context) => {
  const key = testKey(testFolder(context));
  const marks = {
    version: 1,
    gateway: manifestOf(key).gateway,
    publicKey: key.publicKey,
    madeUs: 7,
    incarnation: "one",
    after: "none",
    marks: [],
  } as const;
  const sealed = sealMarks(marks, key);
  assert.deepEqual(readMarks(sealed), marks);
  for (const at of [10, 80, sealed.length - 20]) {
    const changed = Uint8Array.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.ok(isRefusal(readMarks(changed)));
  }
});

test("an export that was not finished is not read, and is said", async (context) => {
  const folder = testFolder(context);
  const writer = await ExportWriter.open(folder, "millwright-press-hall-2", 1);
  const { frame, head } = testFrame("live", 1, new Uint8Array(9));
  await writer.add(frame, head);
  const found = await findExports(folder);
  assert.deepEqual(found.folders, []);
  assert.match(found.refused[0]?.reason ?? "", /not finished/);
  await writer.abandon();
  assert.deepEqual(readdirSync(folder), []);
});

test("two exports of one moment lie beside each other", async (context) => {
  const folder = testFolder(context);
  const key = testKey(folder);
  const first = await writeTestExport(folder, key);
  const second = await writeTestExport(folder, key);
  assert.notEqual(first, second);
  assert.deepEqual((await findExports(folder)).folders, [first, second].toSorted());
});

test("a folder that is not there is said with what to do", async (context) => {
  const folder = join(testFolder(context), "no-stick");
  await assert.rejects(
    ExportWriter.open(folder, "millwright-x"),
    (failure: unknown) => failure instanceof CarrierUnusable && /mounted/.test(failure.hint),
  );
});

/** What a stick may carry besides what we wrote, and the words with which it is refused. */
const attacks: readonly {
  readonly what: string;
  readonly words: RegExp;
  attack(folder: string, key: SigningKey, other: SigningKey): void;
}[] = [
  {
    what: "a changed byte of a frame",
    words: /not those that were signed/,
    attack(folder) {
      const file = join(folder, "frames-000002.mwf");
      const bytes = readFileSync(file);
      bytes[30] = (bytes[30] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    },
  },
  {
    what: "a file that was cut",
    words: /bytes, the manifest says/,
    attack(folder) {
      truncateSync(join(folder, "frames-000003.mwf"), 20);
    },
  },
  {
    what: "a file that grew",
    words: /at most \d+ are expected/,
    attack(folder) {
      const file = join(folder, "frames-000001.mwf");
      writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(1)]));
    },
  },
  {
    what: "a missing file",
    words: /frames-000001.mwf: it is missing/,
    attack(folder) {
      rmSync(join(folder, "frames-000001.mwf"));
    },
  },
  {
    what: "a link in the place of a file",
    words: /links are not followed/,
    attack(folder) {
      const file = join(folder, "frames-000001.mwf");
      renameSync(file, join(folder, "..", "elsewhere"));
      symlinkSync(join(folder, "..", "elsewhere"), file);
    },
  },
  {
    what: "a link in the place of the manifest",
    words: /manifest.json: it is a link/,
    attack(folder) {
      const file = join(folder, "manifest.json");
      renameSync(file, join(folder, "..", "elsewhere"));
      symlinkSync(join(folder, "..", "elsewhere"), file);
    },
  },
  {
    what: "a folder in the place of a file",
    words: /not a plain file/,
    attack(folder) {
      rmSync(join(folder, "frames-000001.mwf"));
      mkdirSync(join(folder, "frames-000001.mwf"));
    },
  },
  {
    what: "a manifest that was cut",
    words: /cut short/,
    attack(folder) {
      truncateSync(join(folder, "manifest.json"), 200);
    },
  },
  {
    what: "no manifest",
    words: /no manifest/,
    attack(folder) {
      rmSync(join(folder, "manifest.json"));
    },
  },
  {
    what: "a file that nobody named",
    words: /"autorun.inf" lies in it/,
    attack(folder) {
      writeFileSync(join(folder, "autorun.inf"), "open=evil");
    },
  },
  {
    what: "a manifest that names a file outside",
    words: /names the file "\.\.\/\.\.\/etc\/passwd"/,
    attack(folder, key) {
      rewrite(folder, key, (file) => ({ ...file, name: "../../etc/passwd" }));
    },
  },
  {
    what: "a manifest that names a file by its whole path",
    words: /names the file "\/etc\/passwd"/,
    attack(folder, key) {
      rewrite(folder, key, (file) => ({ ...file, name: "/etc/passwd" }));
    },
  },
  {
    what: "a manifest that names a file twice",
    words: /a file twice/,
    attack(folder, key) {
      rewrite(folder, key, (file) => ({ ...file, name: "frames-000001.mwf" }));
    },
  },
  {
    what: "a manifest signed with another key than it names",
    words: /signed with another key/,
    attack(folder, _key, other) {
      rewrite(folder, other, (file) => file);
    },
  },
];

for (const one of attacks) {
  const { what, words } = one;
  test(`${what} is refused in words`, async (context) => {
    const folder = testFolder(context);
    const key = testKey(folder);
    const exported = await writeTestExport(folder, key);
    assert.equal(await whyRefused(exported), undefined);
    one.attack(exported, key, testKey(folder, "other"));
    assert.match((await whyRefused(exported)) ?? "it was taken", words);
  });
}

test("a link that stands for a whole export is refused", async (context) => {
  const folder = testFolder(context);
  const exported = await writeTestExport(testFolder(context), testKey(folder));
  symlinkSync(exported, join(folder, "millwright-linked"));
  assert.deepEqual((await findExports(folder)).folders, []);
  assert.match((await findExports(folder)).refused[0]?.reason ?? "", /link/);
  assert.match((await whyRefused(join(folder, "millwright-linked"))) ?? "", /link/);
});

test("nothing is written over what lies in the way on a stick", async (context) => {
  const folder = testFolder(context);
  const writer = await ExportWriter.open(folder, "millwright-trap", 1);
  const outside = join(folder, "outside");
  writeFileSync(outside, "mine");
  symlinkSync(outside, join(folder, "millwright-trap.part", "frames-000001.mwf"));
  const { frame, head } = testFrame("live", 1, new Uint8Array(9));
  await assert.rejects(writer.add(frame, head), CarrierUnusable);
  assert.equal(readFileSync(outside, "utf8"), "mine");
});

test("what the system says of a stick becomes words that help", () => {
  const hintOf = (code: string): string => {
    const fault = carrierFault("/media/stick", Object.assign(new Error(code), { code }));
    return `${fault.message}. ${fault.hint}`;
  };
  assert.match(hintOf("ENOSPC"), /is full. Take a larger stick/);
  assert.match(hintOf("EROFS"), /not writable. Open the write protection/);
  assert.match(hintOf("EIO"), /still in/);
});

async function whyRefused(folder: string): Promise<string | undefined> {
  const found = await openExport(folder);
  if (isRefusal(found)) return found.reason;
  for (const file of found.manifest.files) {
    const read = await found.read(file);
    if (isRefusal(read)) return read.reason;
  }
  return undefined;
}

/** Signs the manifest anew after each file's entry was changed. */
function rewrite(
  folder: string,
  key: SigningKey,
  change: (file: ExportedFile) => ExportedFile,
): void {
  const path = join(folder, "manifest.json");
  const manifest = readManifest(readFileSync(path));
  assert.ok(!isRefusal(manifest));
  writeFileSync(path, sealManifest({ ...manifest, files: manifest.files.map(change) }, key));
}

async function framesIn(
  found: Exclude<Awaited<ReturnType<typeof openExport>>, { kind: "refused" }>,
  file: ExportedFile,
): Promise<readonly CarriedFrame[]> {
  const bytes = await found.read(file);
  assert.ok(!isRefusal(bytes));
  const frames = unpackFrames(bytes);
  assert.ok(!isRefusal(frames));
  return frames;
}

function plain(frame: CarriedFrame): unknown {
  return { lane: frame.lane, bytes: Buffer.from(frame.bytes).toString("hex") };
}
