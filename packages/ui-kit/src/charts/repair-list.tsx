/** Beside the gaps of a chart: what the gateway or the device has and the hub has not, a button that brings it, and how far it is. */
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { TimeRange } from "../live/history.ts";
import { isOrderOver } from "../orders/order.ts";
import { askOrder, cancelOrder, type OrderAnswer } from "../orders/order-door.ts";
import { useLookAgain } from "../orders/use-look-again.ts";
import { Button } from "../parts/button.tsx";
import { hrefOf } from "../address.ts";
import { loadJson } from "../parts/use-resource.ts";
import { rangeText } from "../trends/trend-range.ts";
import { momentWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import { countWords } from "../words/numbers.ts";
import {
  repairView,
  type LedgerPart,
  type Missing,
  type RepairOrder,
  type RepairView,
  type TagLedger,
} from "./repair-view.ts";
import { sayRepair, sayRepairCount } from "./repair-words.ts";

export interface RepairListProps {
  /** Of one gateway. */
  readonly tags: readonly Pick<LiveTag, "id" | "name">[];
  /** `/api/gateways/ID` at a hub, `/api` at the gateway itself. */
  readonly base: string;
  readonly range: TimeRange;
  /** Said where tags of several gateways are shown; "" else. */
  readonly place: string;
  /** Where the gateway's own page is: what cannot be brought can be looked at there. "" where that is not known. */
  readonly hmi: string;
  /** Something was brought: the chart has more to draw. */
  readonly onBrought: () => void;
}

/** From what a metered link spares to a fifth of a plant's: the least first, so that nobody takes all of a link by haste. */
const ratesKbitPerS = [64, 256, 1_000, 4_000] as const;
const rateAtFirst = 4_000;
/** More would push the page away; the count says how many there are. */
const missingShown = 5;
const minutesUsMax = 31 * 86_400_000_000;

export function RepairList(props: RepairListProps): JSX.Element | null {
  const { base, range, onBrought } = props;
  const ids = props.tags.map(({ id }) => id).join("\n");
  const [view, setView] = useState<RepairView | undefined>();
  const [failure, setFailure] = useState("");
  const [looks, setLooks] = useState(0);
  const [kbitPerS, setRate] = useState<number>(rateAtFirst);
  const ledger = useRef<{ readonly of: string; readonly tags: readonly TagLedger[] } | undefined>(
    undefined,
  );

  const running = view?.running === true;
  useEffect(() => {
    const given = new AbortController();
    const of = [base, ids, range.fromUs, range.toUs].join("\n");
    // What the ledger says changes with the end of a repair; until then only its progress is asked for.
    const known = running && ledger.current?.of === of ? ledger.current.tags : undefined;
    void look(base, ids.split("\n"), range, known, given.signal)
      .then(({ tags, orders }) => {
        ledger.current = { of, tags };
        const next = repairView(tags, orders, range);
        setView(next);
        if (!running || next.running) return;
        // The end of a repair heals what the ledger says.
        setLooks((count) => count + 1);
        onBrought();
      })
      .catch(() => {
        // The chart beside it says when the hub cannot be reached.
      });
    return () => given.abort();
  }, [base, ids, range.fromUs, range.toUs, looks]);

  const lookAgain = (): void => setLooks((count) => count + 1);
  useLookAgain(running, lookAgain);

  const act = (work: Promise<OrderAnswer>): void => {
    void work.then((answer) => {
      setFailure(failureWords(answer));
      lookAgain();
    });
  };

  if (view === undefined) return null;
  const { offer, thinned, orders, missing } = view;
  if ([offer, thinned, missing[0], orders[0]].every((one) => one === undefined)) return null;
  const times = (of: TimeRange): Times => timesOf(of, range.toUs - range.fromUs);
  return (
    <section class="gap-list repair-list" aria-live="polite">
      {props.place !== "" && <h3>{props.place}</h3>}
      <MissingList
        missing={missing}
        times={times}
        onRepair={({ tags, fromUs, toUs, repair }) => {
          const resolution = repair === "thinned" ? coarseFor({ fromUs, toUs }) : "samples";
          const source = repair === "device" ? { source: "device" } : {};
          act(askOrder(`${base}/repairs`, { tags, fromUs, toUs, kbitPerS, resolution, ...source }));
        }}
      />
      {offer !== undefined && (
        <>
          <p>
            {sayRepairCount("offer", offer.tags.length, {
              ...times(offer),
              why: offer.reasons.join(", "),
            })}
          </p>
          <div class="button-row">
            <Button
              label={sayRepair("ask")}
              onPress={() => {
                const { tags, fromUs, toUs } = offer;
                const resolution = "samples";
                act(askOrder(`${base}/repairs`, { tags, fromUs, toUs, kbitPerS, resolution }));
              }}
            />
            <label class="choice-of-few">
              {sayRepair("rate")}
              <select
                value={kbitPerS}
                onChange={(event) => setRate(Number(event.currentTarget.value))}
              >
                {ratesKbitPerS.map((rate) => (
                  <option key={rate} value={rate}>
                    {rateWords(rate)}
                  </option>
                ))}
              </select>
            </label>
          </div>
        </>
      )}
      {thinned !== undefined && (
        <p>
          {sayRepair("thinned", times(thinned))}{" "}
          <Button
            label={sayRepair(`ask-${coarseFor(thinned)}`)}
            onPress={() => {
              const { tags, fromUs, toUs } = thinned;
              const resolution = coarseFor(thinned);
              act(askOrder(`${base}/repairs`, { tags, fromUs, toUs, kbitPerS, resolution }));
            }}
          />{" "}
          {props.hmi !== "" && (
            <a class="link" href={trendsThere(props.hmi, thinned, ids.split("\n"))}>
              {sayRepair("look-there")}
            </a>
          )}
        </p>
      )}
      <ul>
        {orders.map((order) => (
          <li key={order.id}>
            {orderWords(order, times(order))}{" "}
            {!isOrderOver(order) && (
              <Button
                label={sayRepair("cancel")}
                onPress={() => act(cancelOrder(`${base}/repairs/${order.id}`))}
              />
            )}
          </li>
        ))}
      </ul>
      {failure !== "" && <p role="alert">{failure}</p>}
    </section>
  );
}

/** Gap by gap: why, how much, and a button where a better copy lies on the gateway or in the device. */
function MissingList(props: {
  readonly missing: readonly Missing[];
  readonly times: (of: TimeRange) => Times;
  readonly onRepair: (gap: Missing) => void;
}): JSX.Element | null {
  const { missing, times } = props;
  if (missing.length === 0) return null;
  const shown = missing.slice(0, missingShown);
  return (
    <>
      <h4>{sayRepair("missing")}</h4>
      <ul>
        {shown.map((gap, at) => (
          <li key={`${at} ${gap.reason} ${gap.fromUs} ${gap.toUs} ${gap.repair}`}>
            {missingWords(gap, times(gap))}{" "}
            {gap.repair !== "none" && (
              <Button
                label={sayRepair(gap.repair === "device" ? "ask-device" : "ask-one", times(gap))}
                onPress={() => props.onRepair(gap)}
              />
            )}
          </li>
        ))}
      </ul>
      {missing.length > shown.length && (
        <p>{sayRepairCount("missing-more", missing.length - shown.length)}</p>
      )}
    </>
  );
}

function missingWords({ reason, count, of }: Missing, times: Times): string {
  const words = { ...times, why: reason };
  if (count.kind === "unknown") return sayRepair("missing.unknown", words);
  const kind = of === "tag" ? count.kind : (`of-${of}` as const);
  return sayRepairCount(`missing.${kind}`, count.samples, words);
}

/** Minutes of a month are what a chart of it shows; of a longer time its hours. */
function coarseFor({ fromUs, toUs }: TimeRange): "minutes" | "hours" {
  return toUs - fromUs > minutesUsMax ? "hours" : "minutes";
}

async function look(
  base: string,
  tags: readonly string[],
  range: TimeRange,
  known: readonly TagLedger[] | undefined,
  signal: AbortSignal,
): Promise<{ readonly tags: readonly TagLedger[]; readonly orders: readonly RepairOrder[] }> {
  const orders = loadJson<readonly RepairOrder[]>(`${base}/repairs`, signal);
  const ledger =
    known ?? (await Promise.all(tags.map((tag) => ledgerOf(base, tag, range, signal))));
  return { tags: ledger, orders: await orders };
}

async function ledgerOf(
  base: string,
  tag: string,
  range: TimeRange,
  signal: AbortSignal,
): Promise<TagLedger> {
  const query = new URLSearchParams({
    tag,
    from: String(Math.round(range.fromUs)),
    to: String(Math.round(range.toUs)),
  });
  const address = `${base}/ledger?${query.toString()}`;
  return { tag, parts: await loadJson<readonly LedgerPart[]>(address, signal) };
}

/** @returns what went wrong; "" when nothing did */
function failureWords(answer: OrderAnswer): string {
  if (answer.kind === "refused") return answer.reason;
  return answer.kind === "done" ? "" : sayRepair("unreachable");
}

/** The Trends of the gateway's own page, with these values over this time. */
function trendsThere(hmi: string, range: TimeRange, tags: readonly string[]): string {
  const text = rangeText({ ...range, live: false });
  return `${hmi.replace(/\/$/, "")}/${hrefOf("trends", text, ...tags)}`;
}

function rateWords(kbitPerS: number): string {
  return sayRepair("rate-words", { rate: countWords(kbitPerS) });
}

function orderWords(order: RepairOrder, times: Times): string {
  const words = {
    ...times,
    percent: String(Math.floor(order.done * 100)),
    rate: rateWords(order.kbitPerS),
    samples: countWords(order.healed),
    why: order.note,
  };
  switch (order.state) {
    case "asked":
    case "waiting":
    case "ready":
      return sayRepair("waiting", words);
    case "fetching":
      return sayRepair("fetching", words);
    case "refused":
      return sayRepair("refused", words);
    case "cancelled":
      return sayRepair("cancelled", words);
    case "done":
      if (order.resolution !== "samples" && order.comparison?.agrees === true) {
        const resolution = order.resolution === "hours" ? "hours" : "minutes";
        return sayRepair("brought", {
          ...times,
          resolution: sayKit(`trends.tier.${resolution}`),
        });
      }
      if (order.comparison?.agrees !== true) return sayRepair("differs", words);
      return sayRepair(order.note === "" ? "done" : "done-noted", words);
    default:
      return sayRepair("running", words);
  }
}

type Times = { readonly from: string; readonly to: string };

function timesOf({ fromUs, toUs }: TimeRange, spanUs: number): Times {
  return { from: momentWords(fromUs, spanUs), to: momentWords(toUs, spanUs) };
}
