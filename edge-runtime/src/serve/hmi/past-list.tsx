/** Beside the gaps of a chart: what a device may have of them in its own history, and two taps that have it read (H4). */
import { Button, countWords, hrefOf, loadJson, momentWords } from "@millwright/ui-kit";
import type { RepairListProps } from "@millwright/ui-kit/trends";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { LocalOffer, LocalOrder, PastRange } from "../../hand-over.ts";
import type { LocalOffersAnswer, LocalOrdersAnswer } from "../page-answers.ts";
import { sayPast, sayPastCount } from "./past-messages.ts";
import { act, mayAct } from "./people.ts";

type Times = Pick<PastRange, "fromUs" | "toUs">;

const lookAgainMs = 2_000;
const minuteUs = 60_000_000;
/** More would push the page away. */
const shownMax = 5;

export function PastList(props: RepairListProps): JSX.Element | null {
  const { tags, onBrought } = props;
  // A live chart gives whole minutes; the running one is looked at, too.
  const range = { fromUs: props.range.fromUs, toUs: props.range.toUs + minuteUs };
  const ids = JSON.stringify(tags.map(({ id }) => id));
  const [offers, setOffers] = useState<readonly LocalOffer[]>([]);
  const [orders, setOrders] = useState<readonly LocalOrder[]>();
  const [asks, setAsks] = useState<LocalOffer>();
  const [said, setSaid] = useState("");
  const [looks, setLooks] = useState(0);
  const fetching = orders?.some(({ state }) => state === "fetching") ?? false;
  const over = orders?.flatMap(({ id, state }) => (state === "fetching" ? [] : [id])).join();
  const overBefore = useRef<string | undefined>(undefined);

  useEffect(() => {
    const given = new AbortController();
    void look(ids, range, given.signal)
      .then(setOffers)
      .catch(() => {
        // The header says when the gateway cannot be reached.
      });
    return () => given.abort();
    // What was read is offered no more.
  }, [ids, range.fromUs, range.toUs, over]);

  useEffect(() => {
    if (overBefore.current !== undefined && overBefore.current !== over) onBrought();
    overBefore.current = over;
  }, [over]);

  useEffect(() => {
    const given = new AbortController();
    void loadJson<LocalOrdersAnswer>("/api/local-orders", given.signal)
      .then((found) => setOrders(found.orders))
      .catch(() => undefined);
    const timer = fetching ? setTimeout(() => setLooks((now) => now + 1), lookAgainMs) : undefined;
    return () => {
      given.abort();
      clearTimeout(timer);
    };
  }, [looks, fetching, range.fromUs, range.toUs]);

  const send = (path: string, body: unknown): void => {
    setAsks(undefined);
    void act(path, body).then(({ ok, status, reason }) => {
      setSaid(ok ? "" : status === 0 ? sayPast("no-answer") : reason);
      setLooks((now) => now + 1);
    });
  };
  const spanUs = range.toUs - range.fromUs;
  const times = (of: Times): { readonly from: string; readonly to: string } => {
    return { from: momentWords(of.fromUs, spanUs), to: momentWords(of.toUs, spanUs) };
  };
  const shown = (orders ?? []).filter(
    (order) =>
      order.fromUs < range.toUs &&
      order.toUs > range.fromUs &&
      order.tags.some((id) => tags.some((tag) => tag.id === id)),
  );
  if (offers.length === 0 && shown.length === 0) return null;
  const names = (of: readonly string[]): string =>
    of.map((id) => tags.find((tag) => tag.id === id)?.name ?? id).join(", ");
  return (
    <section class="gap-list past-list">
      <h3>{sayPast("title")}</h3>
      <ul>
        {offers.slice(0, shownMax).map((offer) => (
          <li key={`${offer.fromUs} ${offer.toUs} ${offer.tags.join()}`}>
            <p>
              {sayPastCount("offer", offer.tags.length, {
                ...times(offer),
                why: offer.reasons.join(", "),
                names: names(offer.tags),
              })}
            </p>
            {!mayAct("technician") ? (
              <a class="button" href={hrefOf("sign-in")}>
                {sayPast("sign-in")}
              </a>
            ) : isSame(asks, offer) ? (
              <fieldset class="past-question">
                <legend>{sayPast("question", times(offer))}</legend>
                <div class="button-row">
                  <Button label={sayPast("back")} onPress={() => setAsks(undefined)} />
                  <Button
                    label={sayPast("confirm")}
                    onPress={() => {
                      const { fromUs, toUs } = offer;
                      send("/api/local-orders/read", { tags: offer.tags, fromUs, toUs });
                    }}
                  />
                </div>
              </fieldset>
            ) : (
              <Button label={sayPast("ask")} onPress={() => setAsks(offer)} />
            )}
          </li>
        ))}
      </ul>
      {offers.length > shownMax && (
        <p>{sayPast("more", { shown: String(shownMax), count: String(offers.length) })}</p>
      )}
      <ul aria-live="polite">
        {shown.slice(0, shownMax).map((order) => (
          <li key={order.id}>
            <p>
              {orderWords(order, times(order))}
              {order.unread.length > 0 && ` ${sayPast("less", { names: names(order.unread) })}`}
            </p>
            {order.state === "fetching" && mayAct("technician") && (
              <Button
                label={sayPast("cancel")}
                onPress={() => send("/api/local-orders/cancel", { id: order.id })}
              />
            )}
          </li>
        ))}
      </ul>
      <p class="past-said" role="status">
        {said}
      </p>
    </section>
  );
}

/** Offers are asked for anew, and are other objects then. */
function isSame(one: LocalOffer | undefined, other: LocalOffer): boolean {
  return (
    one?.fromUs === other.fromUs && one.toUs === other.toUs && one.tags.join() === other.tags.join()
  );
}

function orderWords(
  order: LocalOrder,
  times: { readonly from: string; readonly to: string },
): string {
  return sayPast(order.state, {
    ...times,
    percent: String(Math.floor(100 * order.done)),
    samples: countWords(order.samples),
    person: order.by,
    why: order.note,
  });
}

async function look(
  ids: string,
  range: Times,
  signal: AbortSignal,
): Promise<readonly LocalOffer[]> {
  const { fromUs, toUs } = range;
  const query = new URLSearchParams({ tags: ids, from: String(fromUs), to: String(toUs) });
  const found = await loadJson<LocalOffersAnswer>(
    `/api/local-orders/offers?${query.toString()}`,
    signal,
  );
  return found.offers;
}
