/** What both servers answer about captures: a list, and the bytes of one. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";

import { isSha256, type CaptureView } from "@millwright/wire-contract";
import type { Context, Hono } from "hono";

export interface CaptureQuery {
  /** Of this tag, or of this asset, or of all. */
  readonly tag: string;
  readonly asset: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly max: number;
}

export interface CaptureSource {
  /** The newest first. */
  list(query: CaptureQuery): Promise<readonly CaptureView[]>;
  /** Where the bytes lie; undefined when there are none. */
  file(sha256: string): Promise<string | undefined>;
}

/** A page shows a list of some dozens; programs ask for more by time. */
const listMost = 1_000;

/** Shown in a browser as what they are; everything else is saved, so that a file from a camera cannot run in the page. */
const shownTypes = new Set(["image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp"]);

/** `GET base/captures` for `tag`, `asset`, `from`, `to`, `max`, and `GET base/captures/SHA256` with `type`. */
export function addCaptureRoutes(
  app: Hono,
  base: string,
  sourceOf: (context: Context) => CaptureSource,
): void {
  app.get(`${base}/captures`, async (context) => {
    const { tag = "", asset = "" } = context.req.query();
    const fromUs = Number(context.req.query("from") ?? 0);
    const toUs = Number(context.req.query("to") ?? Number.MAX_SAFE_INTEGER);
    const max = Number(context.req.query("max") ?? 50);
    if (!Number.isSafeInteger(fromUs) || !Number.isSafeInteger(toUs) || fromUs > toUs) {
      return context.text("from and to are whole µs since 1970, from before to", 400);
    }
    if (!Number.isInteger(max) || max < 1 || max > listMost) {
      return context.text(`max is a whole number from 1 to ${listMost}`, 400);
    }
    return context.json(await sourceOf(context).list({ tag, asset, fromUs, toUs, max }));
  });
  app.get(`${base}/captures/:sha256`, async (context) => {
    const sha256 = context.req.param("sha256");
    if (!isSha256(sha256)) return context.text("a capture is named by its SHA-256", 400);
    const path = await sourceOf(context).file(sha256);
    const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
    if (path === undefined || found === undefined) return context.text("no such capture", 404);
    const type = context.req.query("type") ?? "";
    const shown = shownTypes.has(type);
    return context.body(Readable.toWeb(createReadStream(path)) as ReadableStream, 200, {
      "Content-Type": shown ? type : "application/octet-stream",
      "Content-Length": String(found.size),
      // The name says what the bytes are, so they never change.
      "Cache-Control": "private, max-age=31536000, immutable",
      ...(shown ? {} : { "Content-Disposition": `attachment; filename="${sha256.slice(0, 16)}"` }),
    });
  });
}
