/** H4: how did it get here, has it looked like this before? All of it stands in the address. */
import {
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
  const tags = trendTagsOf(page, place);
  const ids = tags.map((tag) => tag.id);
  const nowUs = (): number => store.nowUs();
  const time = parseTimeText(place[1] ?? "1h");
  const hrefOfTime = (text: TimeText, of: readonly string[]): string =>
    hrefOf("trends", toTimeText(text), ...of);
  const { range, hrefWith } = useAddressRange(time.range, nowUs, (text) =>
    hrefOfTime({ ...time, range: text }, ids),
  );
  const [choosing, setChoosing] = useState(false);
  const choose = (next: readonly string[]): void => {
    location.hash = hrefWith((text) => hrefOfTime({ ...time, range: text }, next));
  };
  const compare = (earlier: Earlier | undefined): void => {
    location.hash = hrefWith((text) => hrefOfTime({ range: text, earlier }, ids));
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
      {choosing && <Choice tags={page.tags} chosen={ids} onChoose={choose} />}
    </>
  );
}

/** More are found by their name rather than scrolled. */
const listedMax = 48;

function Choice(props: {
  readonly tags: readonly LiveTag[];
  readonly chosen: readonly string[];
  readonly onChoose: (ids: readonly string[]) => void;
}): JSX.Element {
  const { chosen, onChoose } = props;
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const drawable = props.tags.filter((tag) => tag.kind !== "text" && tag.type !== "bytes");
  const found = drawable.filter((tag) => `${tag.name} ${tag.asset}`.toLowerCase().includes(wanted));
  const isFull = chosen.length >= sourcesMax;
  const press = (id: string): void => {
    if (chosen.includes(id)) onChoose(chosen.filter((one) => one !== id));
    else if (!isFull) onChoose([...chosen, id]);
  };
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
              onPress={() => press(tag.id)}
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
