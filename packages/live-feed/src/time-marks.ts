/** Alarms and episodes as intervals on a time axis, from what was kept of them. Pure: events go in, intervals come out. */
import type {
  AlarmMark,
  AlarmNote,
  AlarmState,
  NewEvent,
  TimeMark,
} from "@millwright/wire-contract/events";

/** As a journal or a hub keeps it, or as it stands now. */
export type MarkedEvent = Extract<NewEvent, { readonly kind: "alarm" | "episode" }>;
type AlarmTold = Extract<NewEvent, { readonly kind: "alarm" }>;
type EpisodeTold = Extract<NewEvent, { readonly kind: "episode" }>;

/** Whose marks a chart shows: those of these assets, and those that name one of these tags. Both empty: all. */
export interface MarkedThings {
  readonly assets: readonly string[];
  readonly tags: readonly string[];
}

/** People are told of an alarm in these; in all others its condition has gone, or a cover hides it (ISA-18.2). */
const activeStates: readonly AlarmState[] = ["unacknowledged", "acknowledged"];

/**
 * What touches the time, by its begin.
 *
 * An alarm lasts from `raisedUs` until the first event that says it is active no more. One of which nothing says so lasts,
 * unless its alarm was raised anew since: then its end was not kept, and it is left out rather than drawn too long. The same
 * holds for an episode, of which an asset has one at a time.
 *
 * @param events the newest first
 */
export function marksOf(
  events: readonly MarkedEvent[],
  range: { readonly fromUs: number; readonly toUs: number },
  wanted: MarkedThings,
): readonly TimeMark[] {
  const asked = events.filter((event) => isWanted(event, wanted));
  const marks: readonly TimeMark[] = [
    ...alarmMarks(asked.filter((event): event is AlarmTold => event.kind === "alarm")),
    ...episodeMarks(asked.filter((event): event is EpisodeTold => event.kind === "episode")),
  ];
  return marks
    .filter(({ fromUs, toUs = Infinity }) => fromUs <= range.toUs && toUs >= range.fromUs)
    .toSorted((a, b) => a.fromUs - b.fromUs);
}

function isWanted(event: MarkedEvent, { assets, tags }: MarkedThings): boolean {
  if (assets.length === 0 && tags.length === 0) return true;
  // "" is the gateway itself, and no asset that a tag could be of.
  if (event.asset !== "" && assets.includes(event.asset)) return true;
  if (event.kind === "alarm") return event.body.tag !== undefined && tags.includes(event.body.tag);
  return event.body.contributions.some(({ tag }) => tags.includes(tag));
}

function alarmMarks(events: readonly AlarmTold[]): readonly AlarmMark[] {
  const occurrences = new Map<string, { mark: AlarmMark; lasts: boolean }>();
  /** The newest occurrence of each alarm. */
  const newestUs = new Map<string, number>();
  const notes = new Map<string, AlarmNote[]>();
  for (const { asset, subject, atUs, body } of events) {
    const { raisedUs, priority, message, note } = body;
    if (raisedUs === 0 || body.transition === "noted") continue;
    if (body.transition === "annotated") {
      const of = notes.get(`${subject} ${raisedUs}`) ?? [];
      // Events come the newest first.
      if (note !== undefined) notes.set(`${subject} ${raisedUs}`, [note, ...of]);
      continue;
    }
    newestUs.set(subject, Math.max(raisedUs, newestUs.get(subject) ?? 0));
    const key = `${subject} ${raisedUs}`;
    const known = occurrences.get(key);
    const mark =
      known?.mark ??
      ({ kind: "alarm", id: subject, asset, fromUs: raisedUs, priority, message } as const);
    const isActive = activeStates.includes(body.state);
    // The newest says whether it lasts; the earliest that ends it says when it did.
    const ends = !isActive && body.transition !== "acknowledged" && body.transition !== "reset";
    const toUs = ends ? Math.min(atUs, mark.toUs ?? Infinity) : mark.toUs;
    occurrences.set(key, {
      mark: toUs === undefined ? mark : { ...mark, toUs },
      lasts: known?.lasts ?? isActive,
    });
  }
  return [...occurrences].flatMap(([key, { mark, lasts }]) => {
    if (mark.toUs === undefined && !(lasts && newestUs.get(mark.id) === mark.fromUs)) return [];
    const written = notes.get(key);
    return [written === undefined ? mark : { ...mark, notes: written }];
  });
}

function episodeMarks(events: readonly EpisodeTold[]): readonly TimeMark[] {
  const found = new Map<string, TimeMark>();
  const newestUs = new Map<string, number>();
  for (const { asset, subject, body } of events) {
    newestUs.set(asset, Math.max(body.beginUs, newestUs.get(asset) ?? 0));
    const known = found.get(subject);
    if (known !== undefined && (known.toUs !== undefined || body.endUs === undefined)) continue;
    found.set(subject, {
      ...{ kind: "episode", id: subject, asset, fromUs: body.beginUs, class: body.class },
      ...(body.endUs === undefined ? {} : { toUs: body.endUs }),
    });
  }
  return [...found.values()].filter(
    ({ asset, fromUs, toUs }) => toUs !== undefined || newestUs.get(asset) === fromUs,
  );
}
