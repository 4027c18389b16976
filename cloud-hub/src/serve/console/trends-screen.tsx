/**
 * C6: tags of any gateways in one chart, over minutes to years, or one of them beside all machines that have it. All of it
 * stands in the address.
 */
import {
  addressNow,
  Button,
  EmptyState,
  FailedState,
  hrefOf,
  RepairList,
  sinceWords,
  Skeleton,
  useResource,
} from "@millwright/ui-kit";
import {
  atNow,
  rangeText,
  sourcesMax,
  toggled,
  Trends,
  useAddressRange,
  type ChartMark,
  type Earlier,
  type Span,
  type TrendRange,
  type TrendSource,
} from "@millwright/ui-kit/trends";
import { useComputed, type ReadonlySignal, type Signal } from "@preact/signals";
import type { GatewayPage, GatewayRow } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { FleetStore } from "./fleet-store.ts";
import { say } from "./messages.ts";
import { PeerTrends } from "./peer-trends.tsx";
import { heardWords } from "./presence-words.ts";
import type { RecordedValues } from "./recording-view.ts";
import { Recordings } from "./recordings.tsx";
import { SavedViews } from "./saved-views.tsx";
import { isHeard } from "./sites.ts";
import type { WindowsAsked } from "./window-address.ts";
import { WindowTrends } from "./window-trends.tsx";
import { TagChoice } from "./tag-choice.tsx";
import {
  chosenOf,
  exportHref,
  keyOf,
  parseChartText,
  toChartText,
  trendsHref,
  type ChartText,
  type ChosenTag,
} from "./trends-address.ts";

export interface TrendsScreenProps {
  readonly fleet: FleetStore;
  readonly place: readonly string[];
  readonly wallMs: () => number;
}

const spans: readonly Span[] = ["1h", "8h", "24h", "7d", "30d", "1y", "5y"];
const heightPx = 380;
/** Nothing is laid over the time shown. */
const plain: Over = { earlier: undefined, peers: false, windows: undefined };
const firstWindows: WindowsAsked = { length: "1h", rule: undefined };

export function TrendsScreen(props: TrendsScreenProps): JSX.Element {
  const { fleet, place, wallMs } = props;
  const { time, chosen } = chartOf(place);
  const gateways = [...new Set(chosen.map(({ gateway }) => gateway))];
  const pages = useResource(gateways.join(" "), (signal) => loadPages(gateways, signal), wallMs);
  // The hub's clock: what ends now ends by it.
  const isTimeKnown = useComputed(() => fleet.secondUs.value > 0).value;
  const nowUs = (): number => fleet.secondUs.peek();
  // A link that moved each second could not be copied, and one that stood still would be of an hour ago.
  const minuteUs = useComputed(() => Math.ceil(fleet.secondUs.value / 60e6) * 60e6);
  const { range, rangeNow } = useAddressRange(time.range, nowUs, () => {
    const now = chartNow();
    if (now === undefined) return undefined;
    return {
      text: now.time.range,
      hrefWith: (text) => hrefOfChart({ ...now.time, range: text }, now.chosen),
    };
  });
  const [choosing, setChoosing] = useState(chosen.length === 0);
  /** Presses come before the page has followed the one before: each changes what the address says by now. */
  const go = (change: (now: ChartAsked) => ChartChange): void => {
    const now = chartNow();
    if (now === undefined) return;
    const { over = now.time, chosen: next = now.chosen } = change(now);
    location.hash = hrefOfChart({ ...over, range: rangeNow() }, next);
  };
  const press = (one: ChosenTag): void => {
    go((now) => ({ chosen: toggled(now.chosen, one, keyOf, sourcesMax) }));
  };
  const compare = (earlier: Earlier | undefined): void => {
    go(() => ({ over: { ...plain, earlier } }));
  };
  const turnPeers = (): void => {
    go(({ time: { peers } }) => ({ over: { ...plain, peers: !peers } }));
  };
  const turnWindows = (): void => {
    go(({ time: { windows } }) => ({
      over: { ...plain, windows: windows === undefined ? firstWindows : undefined },
    }));
  };
  const lay = (change: Partial<WindowsAsked>): void => {
    go(({ time: { windows = firstWindows } }) => ({
      over: { ...plain, windows: { ...windows, ...change } },
    }));
  };
  /** The first of those chosen is the one that is shown where one is. */
  const lead = (key: string): void => {
    go((now) => {
      const isIt = (one: ChosenTag): boolean => keyOf(one) === key;
      return {
        chosen: [...now.chosen.filter(isIt), ...now.chosen.filter((one) => !isIt(one))],
      };
    });
  };
  const rowOf = (gateway: string): GatewayRow | undefined =>
    fleet.rows.value?.find((row) => row.gateway === gateway);
  const sources = chosen.flatMap((one): TrendSource[] => {
    const source = sourceOf(one, pages.value);
    if (source === undefined) return [];
    const row = rowOf(one.gateway);
    return [{ ...source, hmi: row?.hmi ?? "", away: row !== undefined && !isHeard(row) }];
  });
  const missing =
    pages.value === undefined
      ? []
      : chosen.filter((one) => sourceOf(one, pages.value) === undefined);
  const isKnown = ({ gateway }: ChosenTag): boolean =>
    pages.value?.some((page) => page.gateway === gateway) === true;
  const besides = (
    <div class="button-row">
      <Button label={say("trends.peers")} pressed={time.peers} onPress={turnPeers} />
      <Button
        label={say("trends.windows")}
        pressed={time.windows !== undefined}
        onPress={turnWindows}
      />
    </div>
  );
  // The same in each form of the screen.
  const chart = { sources, range, spans, nowUs, wallMs, height: heightPx };
  return (
    <>
      <div class="gateway-head">
        <h1>{say("trends.title")}</h1>
        <p class="gateway-presence">{awayWords(fleet, gateways)}</p>
      </div>
      <SavedViews
        gateways={fleet.rows.value ?? []}
        time={time}
        chosen={chosen}
        range={range}
        contentNow={() => {
          const now = chartNow();
          if (now === undefined || now.chosen.length === 0) return undefined;
          return { chart: toChartText({ ...now.time, range: rangeNow() }), tags: now.chosen };
        }}
        wallMs={wallMs}
      />
      {pages.failedMs !== undefined && (
        <FailedState what={say("trends.failed")} sinceMs={pages.failedMs} onRetry={pages.retry} />
      )}
      {missing.map((one) => (
        <p key={keyOf(one)}>
          {say(isKnown(one) ? "trends.missing" : "trends.missing-gateway", { ...one })}
        </p>
      ))}
      {chosen.length === 0 && (
        <EmptyState title={say("trends.nothing")}>
          <p>{say("trends.nothing.what", { most: String(sourcesMax) })}</p>
        </EmptyState>
      )}
      {time.peers && sources[0] !== undefined && isTimeKnown ? (
        <PeerTrends
          {...chart}
          beside={besides}
          onLead={lead}
          hrefOfMark={(one) => hrefOfMark(one, chosen)}
          hrefOfPeer={(one) => hrefOfChart({ ...time, range: rangeNow() }, [one])}
        />
      ) : time.windows !== undefined && sources.length > 0 && isTimeKnown ? (
        <WindowTrends
          {...chart}
          minuteUs={minuteUs}
          beside={besides}
          onLead={lead}
          asked={time.windows}
          onAsk={lay}
          hrefOfTime={(at) => hrefOfChart({ ...plain, range: rangeText(at) }, chosen)}
        />
      ) : sources.length > 0 && isTimeKnown ? (
        <Trends
          {...chart}
          earlier={time.earlier}
          onEarlier={compare}
          beside={besides}
          hrefOfMark={(one) => hrefOfMark(one, chosen)}
          repairs={RepairList}
        />
      ) : (
        chosen.length > missing.length &&
        pages.failedMs === undefined && <Skeleton height="30rem" />
      )}
      <div class="button-row">
        <Button
          label={say("trends.choose", {
            count: String(chosen.length),
            most: String(sourcesMax),
          })}
          pressed={choosing}
          onPress={() => setChoosing((now) => !now)}
        />
        {isTimeKnown && (
          <Exports chosen={chosen} pages={pages.value} range={range} minuteUs={minuteUs} />
        )}
      </div>
      {sources.length > 0 && isTimeKnown && (
        <Recordings groups={recordedOf(chosen, pages.value ?? [])} nowUs={nowUs} wallMs={wallMs} />
      )}
      {choosing && (
        <TagChoice
          gateways={fleet.rows.value ?? []}
          chosen={chosen}
          most={sourcesMax}
          wallMs={wallMs}
          onPress={press}
        />
      )}
    </>
  );
}

interface ChartAsked {
  readonly time: ChartText;
  readonly chosen: readonly ChosenTag[];
}

/** What is laid over the time shown. */
type Over = Omit<ChartText, "range">;

/** What is left out stays as it is. */
interface ChartChange {
  readonly over?: Over;
  readonly chosen?: readonly ChosenTag[];
}

function chartOf(place: readonly string[]): ChartAsked {
  return { time: parseChartText(place[1] ?? "24h"), chosen: chosenOf(place, sourcesMax) };
}

/** What a press changes; undefined once the address leads to another screen, and this one is about to go. */
function chartNow(): ChartAsked | undefined {
  const place = addressNow();
  return place[0] === "trends" ? chartOf(place) : undefined;
}

function hrefOfChart(time: ChartText, chosen: readonly ChosenTag[]): string {
  return trendsHref(toChartText(time), chosen);
}

/** What its gateway told of it, in the history. */
function hrefOfMark({ mark, base }: ChartMark, chosen: readonly ChosenTag[]): string {
  const gateway = chosen.find((one) => baseOf(one.gateway) === base)?.gateway ?? "-";
  return hrefOf("alarms", "history", "all", mark.kind, gateway, mark.id);
}

/** Of those that the hub knows: one that it does not know keeps the values of the others from nobody. */
async function loadPages(
  gateways: readonly string[],
  signal: AbortSignal,
): Promise<readonly GatewayPage[]> {
  const pages = await Promise.all(gateways.map((gateway) => loadPage(gateway, signal)));
  return pages.flatMap((page) => page ?? []);
}

async function loadPage(gateway: string, signal: AbortSignal): Promise<GatewayPage | undefined> {
  const answer = await fetch(baseOf(gateway), { signal });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${baseOf(gateway)} answered ${answer.status}`);
  return (await answer.json()) as GatewayPage;
}

/** Undefined while the page of its gateway is not there, and when that does not know the tag. */
function sourceOf(
  one: ChosenTag,
  pages: readonly GatewayPage[] | undefined,
): TrendSource | undefined {
  const page = pages?.find(({ gateway }) => gateway === one.gateway);
  const tag = page?.tags.find(({ id }) => id === one.tag);
  if (page === undefined || tag === undefined) return undefined;
  return {
    key: keyOf(one),
    tag,
    base: baseOf(one.gateway),
    place: [page.name, tag.asset].filter((part) => part !== "").join(", "),
  };
}

/** Those of them that their gateways have, gateway by gateway. */
function recordedOf(
  chosen: readonly ChosenTag[],
  pages: readonly GatewayPage[],
): readonly RecordedValues[] {
  return pages.flatMap(({ gateway, name, tags }) => {
    const mine = chosen.filter((one) => one.gateway === gateway);
    const known = mine.flatMap(({ tag }) => tags.find(({ id }) => id === tag) ?? []);
    return known.length === 0 ? [] : [{ gateway, name, tags: known }];
  });
}

/** A chart that ends early says why; "" while all are heard. */
function awayWords(fleet: FleetStore, gateways: readonly string[]): string {
  const nowUs = fleet.secondUs.value;
  const shown = (fleet.rows.value ?? []).filter(({ gateway }) => gateways.includes(gateway));
  const silent = shown.flatMap((row) =>
    row.presence === "silent"
      ? [say("trends.silent.gateway", { gateway: row.name, heard: heardWords(row, nowUs) })]
      : [],
  );
  const sleeping = shown.flatMap(({ presence, name, sinceUs }) =>
    presence === "sleeping"
      ? [say("trends.sleeping.gateway", { gateway: name, time: sinceWords(sinceUs, nowUs) })]
      : [],
  );
  return [
    silent.length === 0 ? "" : say("trends.silent", { gateways: silent.join("; ") }),
    sleeping.length === 0 ? "" : say("trends.sleeping", { gateways: sleeping.join("; ") }),
  ]
    .filter((words) => words !== "")
    .join(" ");
}

function baseOf(gateway: string): string {
  return `/api/gateways/${encodeURIComponent(gateway)}`;
}

function Exports(props: {
  readonly chosen: readonly ChosenTag[];
  readonly pages: readonly GatewayPage[] | undefined;
  readonly range: Signal<TrendRange>;
  readonly minuteUs: ReadonlySignal<number>;
}): JSX.Element {
  const { chosen, pages = [], range, minuteUs } = props;
  const gateways = [...new Set(chosen.map(({ gateway }) => gateway))];
  const shown = useComputed(() => atNow(range.value, minuteUs.value)).value;
  return (
    <>
      {gateways.map((gateway) => (
        <a
          key={gateway}
          class="button"
          download
          href={exportHref(
            gateway,
            chosen.filter((one) => one.gateway === gateway).map(({ tag }) => tag),
            shown,
          )}
        >
          {say("trends.export", {
            gateway: pages.find((page) => page.gateway === gateway)?.name ?? gateway,
          })}
        </a>
      ))}
    </>
  );
}
