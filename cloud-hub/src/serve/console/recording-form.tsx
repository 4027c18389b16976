/** Orders a recording: of which values, from when, for how long, and how many samples that will be. */
import { Button, countWords, durationWords, loadJson, useResource } from "@millwright/ui-kit";
import { askOrder } from "@millwright/ui-kit/orders";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Aggregate } from "../../hub-views.ts";
import { sayRecording, sayRecordingCount } from "./recording-messages.ts";
import {
  expectedAmount,
  paceUs,
  samplesPerMinute,
  wishesOf,
  type ExpectedAmount,
  type RecordedValues,
  type RecordingWish,
} from "./recording-view.ts";
import { timesOf } from "./recording-words.ts";
import { recordingsAddress } from "./use-recordings.ts";

/** Minutes: from a try to a month of usual work. */
const lengthsMin = [10, 60, 480, 1_440, 4_320, 10_080, 43_200];
const lengthAtFirst = 60;
const minuteUs = 60_000_000;
const hourMs = 3_600_000;
/** More names than this say less than their number. */
const namesShown = 8;

export interface RecordingFormProps {
  /** Values of one or several gateways; at least one. */
  readonly groups: readonly RecordedValues[];
  /** The hub's clock, µs. */
  readonly nowUs: () => number;
  readonly wallMs: () => number;
  /** So many orders were taken. */
  readonly onOrdered: (count: number) => void;
  /** Some were not, or it is not known: the list is to be read anew. */
  readonly onFailed: () => void;
  readonly onClose: () => void;
}

export function RecordingForm(props: RecordingFormProps): JSX.Element {
  const { groups, nowUs } = props;
  const [begin, setBegin] = useState<"now" | "at">("now");
  const [at, setAt] = useState(() => localText(nextHourMs(nowUs() / 1_000)));
  const [lengthMin, setLength] = useState(lengthAtFirst);
  const [said, setSaid] = useState<readonly string[]>([]);
  const form = useRef<HTMLFormElement>(null);
  /** Set at once, so that a second press before the next painting does nothing. */
  const sending = useRef(false);
  /** What was ordered by a press that failed in part is not ordered again by the next one. */
  const ordered = useRef(new Set<string>());
  useOwnFocus(form);
  const amount = useAmount(groups, lengthMin * minuteUs, nowUs, props.wallMs);
  const count = groups.reduce((sum, { tags }) => sum + tags.length, 0);
  /** In whole µs. Reckoned with each press: a form may stand open for long. */
  const timesNow = (): Times => {
    const fromUs = Math.round(begin === "now" ? nowUs() : new Date(at).getTime() * 1_000);
    return { fromUs, toUs: fromUs + lengthMin * minuteUs };
  };

  const send = async (): Promise<void> => {
    if (sending.current) return;
    const times = timesNow();
    const wrong = wrongWith(times, nowUs());
    setSaid(wrong === undefined ? [] : [sayRecording(wrong)]);
    if (wrong !== undefined) return;
    sending.current = true;
    const failures = await sendAll(wishesOf(groups, times), groups, ordered.current);
    sending.current = false;
    setSaid(failures);
    if (failures.length === 0) props.onOrdered(ordered.current.size);
    else props.onFailed();
  };
  return (
    <form
      ref={form}
      class="recording-form"
      aria-label={sayRecording("open")}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") props.onClose();
      }}
    >
      <p>{sayRecording("form.what")}</p>
      <ul>
        {groups.map((group) => (
          <li key={group.gateway}>
            {sayRecordingCount("form.values", group.tags.length, {
              gateway: group.name,
              names: namesOf(group),
            })}
          </li>
        ))}
      </ul>
      <div class="recording-times">
        <label class="choice-of-few">
          {sayRecording("form.begins")}
          <select
            value={begin}
            onChange={({ currentTarget }) => {
              setBegin(currentTarget.value === "at" ? "at" : "now");
            }}
          >
            <option value="now">{sayRecording("form.begins.now")}</option>
            <option value="at">{sayRecording("form.begins.at")}</option>
          </select>
        </label>
        {begin === "at" && (
          <input
            type="datetime-local"
            aria-label={sayRecording("form.begins.time")}
            value={at}
            onInput={({ currentTarget }) => setAt(currentTarget.value)}
          />
        )}
        <label class="choice-of-few">
          {sayRecording("form.lasts")}
          <select
            value={String(lengthMin)}
            onChange={({ currentTarget }) => setLength(Number(currentTarget.value))}
          >
            {lengthsMin.map((minutes) => (
              <option key={minutes} value={String(minutes)}>
                {durationWords(minutes * 60_000)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="quiet">
        {begin === "at" && timeWords(timesNow(), nowUs())} {amountWords(amount)}
      </p>
      <div class="recording-said" role="alert">
        {said.map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
      <div class="button-row">
        <Button label={sayRecording("form.close")} onPress={props.onClose} />
        <button type="submit" class="button">
          {sayRecordingCount("form.order", count)}
        </button>
      </div>
    </form>
  );
}

/** Taken when the form comes, and given back where it came from. */
function useOwnFocus(form: { readonly current: HTMLFormElement | null }): void {
  useEffect(() => {
    const own = form.current;
    const opener = document.activeElement;
    own?.querySelector<HTMLElement>("select, button")?.focus();
    return () => {
      const { activeElement, body } = document;
      const isLeft = activeElement === body || own?.contains(activeElement) === true;
      if (isLeft && opener instanceof HTMLElement) opener.focus();
    };
  }, []);
}

type Times = Pick<RecordingWish, "fromUs" | "toUs">;

function timeWords(times: Times, nowUs: number): string {
  if (!Number.isFinite(times.fromUs)) return "";
  const until = sayRecording("form.until", timesOf(times));
  return times.fromUs < nowUs ? `${until} ${sayRecording("form.past")}` : until;
}

function wrongWith(
  { fromUs, toUs }: Times,
  nowUs: number,
): "form.no-time" | "form.over" | undefined {
  if (!Number.isFinite(fromUs)) return "form.no-time";
  return toUs <= nowUs ? "form.over" : undefined;
}

/** @returns what went wrong, gateway by gateway */
async function sendAll(
  wishes: readonly RecordingWish[],
  groups: readonly RecordedValues[],
  ordered: Set<string>,
): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const { gateway, ...wish } of wishes) {
    const key = [gateway, ...wish.tags].join("\n");
    if (ordered.has(key)) continue;
    const answer = await askOrder(recordingsAddress(gateway), wish);
    const name = groups.find((one) => one.gateway === gateway)?.name ?? gateway;
    if (answer.kind === "done") ordered.add(key);
    else if (answer.kind === "unreachable") {
      failures.push(sayRecording("form.unreachable", { gateway: name }));
    } else {
      failures.push(sayRecording("form.refused", { gateway: name, why: answer.reason }));
    }
  }
  return failures;
}

/** Each value costs a question. */
const valuesAskedMax = 60;

type Amount = ExpectedAmount | "reading" | "unknown" | "many";

/** By what the hub knows of the last two hours. */
function useAmount(
  groups: readonly RecordedValues[],
  lengthUs: number,
  nowUs: () => number,
  wallMs: () => number,
): Amount {
  const [toUs] = useState(() => Math.floor(nowUs() / minuteUs) * minuteUs);
  const all = groups.flatMap(({ gateway, tags }) => tags.map(({ id }) => ({ gateway, id })));
  const values = all.length > valuesAskedMax ? [] : all;
  const paces = useResource(
    `paces ${values.map(({ gateway, id }) => `${gateway} ${id}`).join("\n")}`,
    (signal) =>
      Promise.all(
        values.map(async ({ gateway, id }) => {
          const query = new URLSearchParams({
            tag: id,
            from: String(toUs - paceUs),
            to: String(toUs),
          });
          const base = `/api/gateways/${encodeURIComponent(gateway)}/aggregates`;
          const address = `${base}?${query.toString()}`;
          return samplesPerMinute(await loadJson<readonly Aggregate[]>(address, signal));
        }),
      ),
    wallMs,
  );
  if (all.length > valuesAskedMax) return "many";
  if (paces.value?.length === values.length) return expectedAmount(paces.value, lengthUs);
  return paces.failedMs === undefined ? "reading" : "unknown";
}

function amountWords(amount: Amount): string {
  if (amount === "reading") return sayRecording("amount.reading");
  if (amount === "many") return sayRecording("amount.many", { most: String(valuesAskedMax) });
  if (amount === "unknown" || amount.unknown === amount.values) return sayRecording("amount.none");
  return sayRecording(amount.unknown === 0 ? "amount.all" : "amount.part", {
    samples: countWords(amount.samples),
    known: countWords(amount.values - amount.unknown),
    values: countWords(amount.values),
  });
}

function namesOf({ tags }: RecordedValues): string {
  const names = tags.slice(0, namesShown).map(({ name }) => name);
  return tags.length > names.length ? `${names.join(", ")} …` : names.join(", ");
}

function nextHourMs(nowMs: number): number {
  return Math.ceil(nowMs / hourMs) * hourMs;
}

/** As an input of date and time has it: of this device's zone, to the minute. */
function localText(ms: number): string {
  const behindMs = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - behindMs).toISOString().slice(0, 16);
}
