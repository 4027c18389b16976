import type { Refused } from "@millwright/kit";
import { isGatewayId, isTagId } from "@millwright/wire-contract";
import * as z from "zod";

import { parseJson } from "../parse-json.ts";
import {
  tidyName,
  viewChartMax,
  viewNameMax,
  viewPersonMax,
  viewTagsMax,
  type SeenView,
  type ViewTag,
  type ViewWish,
} from "../saved-view.ts";

/** What cannot be seen, or turns the words around it, makes two names look like one. */
const unseen = /[\p{Cc}\p{Cs}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

const line = (most: number): z.ZodType<string> =>
  z
    .string()
    // Long before it is looked at more closely.
    .max(10 * most, `is longer than ${most} characters`)
    .transform(tidyName)
    .pipe(
      z
        .string()
        .min(1, "is empty")
        .max(most, `is longer than ${most} characters`)
        .refine((text) => !unseen.test(text), "has characters that cannot be seen"),
    );

const person = line(viewPersonMax);
const tag: z.ZodType<ViewTag> = z.strictObject({
  gateway: z.string().refine(isGatewayId, "no gateway id"),
  tag: z.string().refine(isTagId, "no tag id"),
});
const wish = {
  name: line(viewNameMax),
  person,
  chart: z
    .string()
    .min(1)
    .max(viewChartMax)
    .refine((text) => !unseen.test(text), "has characters that cannot be seen"),
  tags: z
    .array(tag)
    .min(1)
    .max(viewTagsMax)
    .refine((tags) => new Set(tags.map((one) => JSON.stringify(one))).size === tags.length, {
      error: "has a value twice",
    }),
};
const version = z.int().min(1);

const newView: z.ZodType<ViewWish> = z.strictObject(wish);
const otherView: z.ZodType<ViewWish & Pick<SeenView, "version">> = z.strictObject({
  ...wish,
  version,
});

/** What is to be saved becomes a type here. @param body of the request */
export function parseView(body: string): ViewWish | Refused {
  return parseJson(newView, body, "view");
}

/** The same over one that was seen, as this version. */
export function parseOtherView(body: string): (ViewWish & Pick<SeenView, "version">) | Refused {
  return parseJson(otherView, body, "view");
}

const removal: z.ZodType<{ readonly version: number; readonly person: string }> = z.strictObject({
  version: z.coerce.number().pipe(version),
  person,
});

/** Who deletes which version, as a query says it. */
export function parseRemoval(
  query: unknown,
): { readonly version: number; readonly person: string } | Refused {
  return parseJson(removal, JSON.stringify(query), "query");
}
