/** Beside the gaps of a chart: what the gateway has and the hub was not told, a button that brings it, and how far it is. */
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { TimeRange } from "../live/history.ts";
import { Button } from "../parts/button.tsx";
import { loadJson } from "../parts/use-resource.ts";
import { clockWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import { countWords } from "../words/numbers.ts";
import {
  isOver,
  repairView,
  type LedgerPart,
  type RepairOrder,
  type RepairView,
} from "./repair-view.ts";

export interface RepairListProps {
  readonly tag: LiveTag;
  /** `/api/gateways/ID`: only a hub takes orders. */
  readonly base: string;
  readonly range: TimeRange;
  /** Something was brought: the chart has more to draw. */
  readonly onBrought: () => void;
}

/** A gateway reports once a second. */
const lookAgainMs = 2_000;

export function RepairList(props: RepairListProps): JSX.Element | null {
  const { tag, base, range, onBrought } = props;
  const [view, setView] = useState<RepairView | undefined>();
  const [failure, setFailure] = useState("");
  const [looks, setLooks] = useState(0);

  useEffect(() => {
    const given = new AbortController();
    void look(base, tag.id, range, given.signal)
      .then((next) => {
        if (view?.running === true && !next.running) onBrought();
        setView(next);
      })
      .catch(() => {
        // The chart beside it says when the hub cannot be reached.
      });
    return () => given.abort();
  }, [base, tag.id, range.fromUs, range.toUs, looks]);

  const running = view?.running === true;
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setLooks((count) => count + 1), lookAgainMs);
    return () => clearInterval(timer);
  }, [running]);

  const act = (work: Promise<string>): void => {
    void work
      .then(setFailure)
      .catch(() => setFailure(sayKit("repair.unreachable")))
      .finally(() => setLooks((count) => count + 1));
  };

  if (view === undefined) return null;
  const { offer, thinned, orders } = view;
  if (offer === undefined && thinned === undefined && orders.length === 0) return null;
  return (
    <section class="gap-list repair-list" aria-live="polite">
      {offer !== undefined && (
        <>
          <p>{sayKit("repair.offer", timesOf(offer))}</p>
          <Button
            label={sayKit("repair.ask")}
            onPress={() => act(ask(`${base}/repairs`, { tags: [tag.id], ...offer }))}
          />
        </>
      )}
      {thinned !== undefined && <p>{sayKit("repair.thinned", timesOf(thinned))}</p>}
      <ul>
        {orders.map((order) => (
          <li key={order.id}>
            {orderWords(order)}{" "}
            {!isOver(order) && (
              <Button
                label={sayKit("repair.cancel")}
                onPress={() => act(cancel(`${base}/repairs/${order.id}`))}
              />
            )}
          </li>
        ))}
      </ul>
      {failure !== "" && <p role="alert">{failure}</p>}
    </section>
  );
}

async function look(
  base: string,
  tag: string,
  range: TimeRange,
  signal: AbortSignal,
): Promise<RepairView> {
  const query = new URLSearchParams({
    tag,
    from: String(Math.round(range.fromUs)),
    to: String(Math.round(range.toUs)),
  });
  const [ledger, orders] = await Promise.all([
    loadJson<readonly LedgerPart[]>(`${base}/ledger?${query.toString()}`, signal),
    loadJson<readonly RepairOrder[]>(`${base}/repairs`, signal),
  ]);
  return repairView(ledger, orders, tag, range);
}

/** @returns what went wrong, in words; "" when nothing did */
async function ask(address: string, wish: unknown): Promise<string> {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wish),
  });
  return answer.ok ? "" : answer.text();
}

async function cancel(address: string): Promise<string> {
  const answer = await fetch(address, { method: "DELETE" });
  // Gone already is what was wanted.
  return answer.ok || answer.status === 404 ? "" : answer.text();
}

function orderWords(order: RepairOrder): string {
  const words = {
    ...timesOf(order),
    percent: String(Math.floor(order.done * 100)),
    samples: countWords(order.healed),
    why: order.note,
  };
  switch (order.state) {
    case "asked":
    case "waiting":
    case "ready":
      return sayKit("repair.waiting", words);
    case "refused":
      return sayKit("repair.refused", words);
    case "cancelled":
      return sayKit("repair.cancelled", words);
    case "done":
      return order.comparison?.agrees === true
        ? sayKit("repair.done", words)
        : sayKit("repair.differs", words);
    default:
      return sayKit("repair.running", words);
  }
}

function timesOf({ fromUs, toUs }: TimeRange): { readonly from: string; readonly to: string } {
  return { from: clockWords(fromUs), to: clockWords(toUs) };
}
