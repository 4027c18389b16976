/** Everything that is known about one value: now, in the last minutes or hour, and how it came here. */
import {
  amountScale,
  Button,
  EmptyState,
  fullTimeWords,
  hrefOf,
  Indicator,
  intervalWords,
  type LiveStore,
  type PageClock,
  protocolWords,
  rangeWords,
  shownDecimals,
  sinceWords,
  TrendChart,
  unitWords,
  valueWords,
} from "@millwright/ui-kit";
import { useComputed, type ReadonlySignal } from "@preact/signals";
import type { GatewayPage, LiveTag } from "@millwright/wire-contract";
import { statusWords } from "@millwright/wire-contract/status";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Back } from "./back.tsx";
import { say } from "./messages.ts";

const spans = [5, 15, 60] as const;

export function TagScreen(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage;
  readonly tagId: string;
  readonly clock: PageClock;
}): JSX.Element {
  const tag = props.page.tags.find((one) => one.id === props.tagId);
  if (tag === undefined) {
    return (
      <>
        <Back href={hrefOf()} />
        <EmptyState title={say("tag.unknown", { tag: props.tagId })}>
          <p>{say("asset.unknown.what")}</p>
        </EmptyState>
      </>
    );
  }
  return <TagDetail store={props.store} tag={tag} clock={props.clock} />;
}

function TagDetail(props: {
  readonly store: LiveStore;
  readonly tag: LiveTag;
  readonly clock: PageClock;
}): JSX.Element {
  const { store, tag } = props;
  const [span, setSpan] = useState<(typeof spans)[number]>(15);
  const asset = tag.asset === "" ? say("asset.none") : tag.asset;
  return (
    <>
      <div class="screen-head">
        <Back href={hrefOf("machine", asset)} />
        <h1>
          {tag.name}
          <span class="screen-place">{asset}</span>
        </h1>
        <div class="button-row" role="group" aria-label={say("tag.span")}>
          {spans.map((minutes) => (
            <Button
              key={minutes}
              label={say(`tag.span.${minutes}`)}
              pressed={minutes === span}
              onPress={() => setSpan(minutes)}
            />
          ))}
          <a class="button" href={hrefOf("trends", `${span}min`, tag.id)}>
            {say("trends.open")}
          </a>
        </div>
      </div>
      <div class="tag-now">
        <Indicator store={store} tag={tag} decimalsMax={shownDecimals(tag)} />
      </div>
      <div class="tag-body">
        <TrendChart
          store={store}
          tag={tag}
          base="/api"
          spanMs={span * 60_000}
          height={260}
          wallMs={() => props.clock.wallMs()}
        />
        <Facts store={store} tag={tag} />
      </div>
    </>
  );
}

function Facts(props: { readonly store: LiveStore; readonly tag: LiveTag }): JSX.Element {
  const { store, tag } = props;
  const value = useComputed(() => store.value(tag.id).value);
  const status = useComputed(() => statusWords(value.value?.s ?? 0) || say("tag.status.good"));
  const unchanged = useComputed(() => sinceWords(value.value?.u ?? 0, store.secondUs.value));
  const confirmed = useComputed(() => fullTimeWords(store.view(tag).proofUs));
  const lastGood = useComputed(() => lastWords(store, tag));
  const device = useComputed(() => deviceWords(store, tag));
  const exact = useComputed(() => exactWords(store, tag));
  const words: readonly (readonly [string, string | ReadonlySignal<string>])[] = [
    [say("tag.status"), status],
    [say("tag.normal"), rangeWords(tag) || say("tag.normal.none")],
    [say("tag.unit"), unitWords(tag.unit) || say("tag.unit.none")],
    // A scaled amount hides its last digits; here is the place for all of them.
    ...(amountScale(tag.unit, 0) === undefined ? [] : [[say("tag.exact"), exact] as const]),
    [say("tag.measured"), useComputed(() => fullTimeWords(value.value?.m ?? 0))],
    [say("tag.received"), useComputed(() => fullTimeWords(value.value?.r ?? 0))],
    [say("tag.confirmed"), confirmed],
    [say("tag.unchanged"), unchanged],
    [say("tag.expected"), intervalWords(tag.expectedMs)],
    [say("tag.device"), device],
    [say("tag.id"), tag.id],
  ];
  return (
    <section class="facts-panel">
      <h2>{say("tag.facts")}</h2>
      {lastGood.value !== "" && <p class="facts-note">{lastGood}</p>}
      <dl class="facts">
        {words.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Every digit with the unit of the settings: `23,631,183,872 B`. */
function exactWords(store: LiveStore, tag: LiveTag): string {
  return `${valueWords(tag, store.value(tag.id).value?.v ?? null)} ${unitWords(tag.unit)}`.trim();
}

function lastWords(store: LiveStore, tag: LiveTag): string {
  const value = store.value(tag.id).value;
  if (store.view(tag).state !== "bad" || value === undefined || value.v === null) return "";
  return say("tag.last-good", { value: exactWords(store, tag) });
}

function deviceWords(store: LiveStore, tag: LiveTag): string {
  const device = store.devices.value.find((one) => one.device === tag.device);
  if (device === undefined) return tag.device;
  const badge = device.badge === "" ? "" : ` (${device.badge})`;
  return `${device.name}, ${protocolWords(device.protocol)}${badge}`;
}
