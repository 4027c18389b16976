/** H4: how did it get here, has it looked like this before? All of it stands in the address. */
import {
  addressNow,
  Button,
  EmptyState,
  FindField,
  hrefOf,
  type LiveStore,
  type PageClock,
} from "@millwright/ui-kit";
import {
  parseTimeText,
  sourcesMax,
  toggled,
  toTimeText,
  Trends,
  useAddressRange,
  type Earlier,
  type Span,
  type TimeText,
  type TrendSource,
} from "@millwright/ui-kit/trends";
import type { GatewayPage, LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { hrefOfMark } from "./href-of-mark.ts";
import { say } from "./messages.ts";
import { PastList } from "./past-list.tsx";
import { trendTagsOf } from "./trend-tags.ts";

export interface TrendsScreenProps {
  readonly store: LiveStore;
  readonly page: GatewayPage;
  readonly place: readonly string[];
  readonly clock: PageClock;
}

const spans: readonly Span[] = ["15min", "1h", "8h", "24h", "7d", "30d"];
/** Leaves the names of four tags in sight on a panel of 800 px. */
const heightPx = 264;

export function TrendsScreen(props: TrendsScreenProps): JSX.Element {
  const { store, page, place } = props;
  const { time, tags, ids } = chartOf(page, place);
  const nowUs = (): number => store.nowUs();
  const { range, rangeNow } = useAddressRange(time.range, nowUs, () => {
    const now = chartNow(page);
    if (now === undefined) return undefined;
    return {
      text: now.time.range,
      hrefWith: (text) => hrefOfChart({ ...now.time, range: text }, now.ids),
    };
  });
  const [choosing, setChoosing] = useState(false);
  const press = (id: string): void => {
    const now = chartNow(page);
    if (now === undefined) return;
    const next = toggled(now.ids, id, (one) => one, sourcesMax);
    location.hash = hrefOfChart({ ...now.time, range: rangeNow() }, next);
  };
  const compare = (earlier: Earlier | undefined): void => {
    const now = chartNow(page);
    if (now === undefined) return;
    location.hash = hrefOfChart({ range: rangeNow(), earlier }, now.ids);
  };
  const sources = tags.map((tag): TrendSource => {
    return { key: tag.id, tag, base: "/api", place: tag.asset, store };
  });
  if (page.tags.length === 0) {
    return (
      <EmptyState title={say("trends.none")}>
        <p>{say("trends.none.what")}</p>
      </EmptyState>
    );
  }
  return (
    <>
      <h1 class="hidden-text">{say("trends.title")}</h1>
      {sources.length === 0 ? (
        <EmptyState title={say("trends.nothing")}>
          <p>{say("trends.nothing.what", { most: String(sourcesMax) })}</p>
        </EmptyState>
      ) : (
        <Trends
          sources={sources}
          range={range}
          spans={spans}
          nowUs={nowUs}
          wallMs={() => props.clock.wallMs()}
          height={heightPx}
          earlier={time.earlier}
          onEarlier={compare}
          hrefOfMark={hrefOfMark}
          repairs={PastList}
        />
      )}
      <div class="button-row">
        <Button
          label={say("trends.choose", { count: String(ids.length), most: String(sourcesMax) })}
          pressed={choosing}
          onPress={() => setChoosing((now) => !now)}
        />
      </div>
      {choosing && <Choice tags={page.tags} chosen={ids} onPress={press} />}
    </>
  );
}

interface ChartAsked {
  readonly time: TimeText;
  readonly tags: readonly LiveTag[];
  readonly ids: readonly string[];
}

function chartOf(page: GatewayPage, place: readonly string[]): ChartAsked {
  const tags = trendTagsOf(page, place);
  return { time: parseTimeText(place[1] ?? "1h"), tags, ids: tags.map((tag) => tag.id) };
}

/** What a press changes; undefined once the address leads to another screen, and this one is about to go. */
function chartNow(page: GatewayPage): ChartAsked | undefined {
  const place = addressNow();
  return place[0] === "trends" ? chartOf(page, place) : undefined;
}

function hrefOfChart(time: TimeText, ids: readonly string[]): string {
  return hrefOf("trends", toTimeText(time), ...ids);
}

/** More are found by their name rather than scrolled. */
const listedMax = 48;

function Choice(props: {
  readonly tags: readonly LiveTag[];
  readonly chosen: readonly string[];
  readonly onPress: (id: string) => void;
}): JSX.Element {
  const { chosen, onPress } = props;
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const drawable = props.tags.filter((tag) => tag.kind !== "text" && tag.type !== "bytes");
  const found = drawable.filter((tag) => `${tag.name} ${tag.asset}`.toLowerCase().includes(wanted));
  const isFull = chosen.length >= sourcesMax;
  return (
    <section class="choice">
      <FindField label={say("trends.find")} text={text} onText={setText} />
      {isFull && <p>{say("trends.full", { most: String(sourcesMax) })}</p>}
      {found.length === 0 && <p>{say("trends.none-found", { text })}</p>}
      <ul class="choice-list">
        {found.slice(0, listedMax).map((tag) => (
          <li key={tag.id}>
            <Button
              label={tag.asset === "" ? tag.name : `${tag.name}, ${tag.asset}`}
              pressed={chosen.includes(tag.id)}
              onPress={() => onPress(tag.id)}
            />
          </li>
        ))}
      </ul>
      {found.length > listedMax && (
        <p>{say("trends.more", { shown: String(listedMax), count: String(found.length) })}</p>
      )}
    </section>
  );
}
