/** An S3-compatible bucket of objects: the second place of each file, and the one that others read. */
import { createWriteStream, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";

import { Fault } from "@millwright/kit";
import { AwsClient } from "aws4fetch";

export interface BucketSettings {
  /** Address of the bucket, with the path below which files lie: `https://s3.example.com/lake/plant-1`. */
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The bucket did not do what it was asked to. */
export class BucketAway extends Fault {
  override readonly name = "BucketAway";
  readonly code = "history.bucket-away";
  readonly retry = "soon";
  readonly hint =
    "Check the address, the keys and their rights (get, put and delete of objects) of history.bucket.";
}

/** Uploads are tried again with the next round of the keeper; within one, a hiccup of the network is waited out. */
const retries = 3;
/** A file has some ten megabytes. */
const requestMs = 120_000;

export class ObjectBucket {
  readonly #url: string;
  readonly #client: AwsClient;

  constructor({ url, region, accessKeyId, secretAccessKey }: BucketSettings) {
    this.#url = url.replace(/\/+$/, "");
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3", retries });
  }

  /** @param sha256 of its bytes, which the bucket checks against what it has received */
  async put(key: string, path: string, sha256: string): Promise<void> {
    const type = key.endsWith(".parquet") ? "vnd.apache.parquet" : "octet-stream";
    await this.#ask("PUT", key, {
      body: await readFile(path),
      headers: { "x-amz-content-sha256": sha256, "content-type": `application/${type}` },
    });
  }

  /** False when there is no such object. What was received has to be checked by who reads it. */
  async get(key: string, path: string): Promise<boolean> {
    const response = await this.#ask("GET", key, {}, [404]);
    if (response.status === 404 || response.body === null) return false;
    try {
      await pipeline(
        Readable.fromWeb(response.body as NodeReadableStream<Uint8Array>),
        createWriteStream(path),
      );
    } catch (cause) {
      rmSync(path, { force: true });
      throw new BucketAway(`${key} broke off`, { cause });
    }
    return true;
  }

  async remove(key: string): Promise<void> {
    await this.#ask("DELETE", key, {}, [404]);
  }

  async #ask(
    method: "PUT" | "GET" | "DELETE",
    key: string,
    more: RequestInit,
    accepted: readonly number[] = [],
  ): Promise<Response> {
    const address = `${this.#url}/${key.split("/").map(encodeURIComponent).join("/")}`;
    let response: Response;
    try {
      response = await this.#client.fetch(address, {
        method,
        signal: AbortSignal.timeout(requestMs),
        ...more,
      });
    } catch (cause) {
      throw new BucketAway(`${method} ${key} was not answered`, { cause });
    }
    if (response.ok || accepted.includes(response.status)) return response;
    // XML that names what is wrong: signature, rights, no such bucket.
    const text = (await response.text()).slice(0, 500);
    throw new BucketAway(`${method} ${key} was answered ${response.status}: ${text}`);
  }
}
