import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import S3rver from "@20minutes/s3rver";

import { LakeFolder } from "./lake-folder.ts";
import type { LakeFile } from "./lake-store.ts";
import { BucketAway, ObjectBucket } from "./object-bucket.ts";
import { digestOf } from "./part-writer.ts";

/** A server that speaks S3 and checks signatures. */
const folder = mkdtempSync(join(tmpdir(), "millwright-bucket-"));
const server = new S3rver({
  address: "127.0.0.1",
  port: 0,
  silent: true,
  directory: join(folder, "s3"),
  configureBuckets: [{ name: "lake", configs: [] }],
});
let url = "";
const keys = { region: "us-east-1", accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

before(async () => {
  const address = (await server.run()) as AddressInfo;
  url = `http://127.0.0.1:${address.port}/lake/plant-1`;
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const key = "day=2026-11-21/bucket-03-7.parquet";

async function fileWith(lake: string, content: string): Promise<LakeFile> {
  const path = join(lake, key);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return {
    id: 1,
    day: 1,
    bucket: 3,
    path: key,
    samples: 1,
    bytes: content.length,
    sha256: await digestOf(path),
    fromUs: 0,
    toUs: 1,
    verifiedUs: 0,
  };
}

function lakeOf(name: string): { lake: LakeFolder; path: string; damaged: string[] } {
  const path = join(folder, name);
  const damaged: string[] = [];
  const lake = new LakeFolder({
    folder: path,
    bucket: new ObjectBucket({ url, ...keys }),
    damaged: (_file, reason) => {
      damaged.push(reason);
      return Promise.resolve();
    },
  });
  return { lake, path, damaged };
}

test("a file goes to the bucket and comes back as it was", async () => {
  const { lake, path, damaged } = lakeOf("round");
  const file = await fileWith(path, "some rows");
  assert.equal(await lake.upload(file), true);
  rmSync(join(path, key));
  assert.equal(await lake.checked(file), join(path, key));
  assert.equal(readFileSync(join(path, key), "utf8"), "some rows");
  assert.deepEqual(damaged, []);
});

test("a file that changed here is fetched again, and what it was is put aside", async () => {
  const { lake, path, damaged } = lakeOf("repaired");
  const file = await fileWith(path, "whole");
  await lake.upload(file);
  writeFileSync(join(path, key), "wrong");
  assert.ok((await lake.checked(file)) !== undefined);
  assert.equal(readFileSync(join(path, key), "utf8"), "whole");
  assert.ok(existsSync(join(path, "damaged")));
  assert.deepEqual(damaged, []);
});

test("a file that is damaged in both places is said to be, and not read", async () => {
  const { lake, path, damaged } = lakeOf("lost");
  const file = await fileWith(path, "whole again");
  await lake.remove(key);
  writeFileSync(join(path, key), "wrong");
  assert.equal(await lake.checked(file), undefined);
  assert.match(damaged[0] ?? "", /SHA-256/);
});

test("a bucket that does not know us says why", async () => {
  const stranger = new ObjectBucket({ url, ...keys, secretAccessKey: "wrong" });
  await assert.rejects(stranger.get(key, join(folder, "x")), (failure: unknown) => {
    assert.ok(failure instanceof BucketAway);
    assert.match(failure.message, /403/);
    return true;
  });
});
