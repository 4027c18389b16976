import type { Scalar, TagDefinition } from "@millwright/wire-contract";
import { severityOf } from "@millwright/wire-contract";
import type { NewEvent } from "@millwright/wire-contract/events";

import type { SavedState, TagView } from "../hand-over.ts";
import type { AssetFile, ContextName } from "./settings.ts";

interface Watched {
  readonly asset: string;
  readonly context: ContextName;
  readonly tag: TagDefinition;
  /** "" before the first value. */
  value: string;
}

/** Job, product, batch, tool and shift of assets, from tags: each value is an interval that begins and ends (field practice 59). */
export class ContextWatch {
  readonly #watched: readonly Watched[];

  constructor(assets: readonly AssetFile[], tagOf: (id: string) => TagDefinition | undefined) {
    this.#watched = assets.flatMap(({ id: asset, context }) =>
      Object.entries(context).flatMap(([name, id]) => {
        const tag = tagOf(id);
        return tag === undefined ? [] : [{ asset, context: name as ContextName, tag, value: "" }];
      }),
    );
  }

  /** Intervals that ended and began since the last look. A value that is bad ends none: nobody knows better. */
  look(current: TagView, nowUs: number): readonly NewEvent[] {
    const events: NewEvent[] = [];
    for (const watched of this.#watched) {
      const { index } = watched.tag;
      const scalar = current.value(index);
      if (scalar === undefined || severityOf(current.status(index)) !== "good") continue;
      const value = textOf(watched.tag, scalar);
      if (value === watched.value) continue;
      const atUs = current.measuredUs(index) || nowUs;
      if (watched.value !== "") events.push(eventOf(watched, "ended", watched.value, atUs));
      if (value !== "") events.push(eventOf(watched, "began", value, atUs));
      watched.value = value;
    }
    return events;
  }

  /** So that an interval goes on through a restart. */
  save(): SavedState {
    return Object.fromEntries(
      this.#watched.map(({ asset, context, value }) => [keyOf(asset, context), value]),
    );
  }

  restore(saved: SavedState | undefined): void {
    if (typeof saved !== "object" || saved === null || Array.isArray(saved)) return;
    const values = new Map(Object.entries(saved));
    for (const watched of this.#watched) {
      const value = values.get(keyOf(watched.asset, watched.context));
      if (typeof value === "string") watched.value = value;
    }
  }
}

function keyOf(asset: string, context: ContextName): string {
  return `${context} of ${asset}`;
}

function textOf({ texts }: TagDefinition, value: Scalar): string {
  if (typeof value === "number") return texts.get(value) ?? String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
}

function eventOf(
  { asset, context }: Watched,
  what: "began" | "ended",
  value: string,
  atUs: number,
): NewEvent {
  return {
    ...{ kind: "context", atUs, asset, subject: keyOf(asset, context) },
    body: { what, context, value },
  };
}
