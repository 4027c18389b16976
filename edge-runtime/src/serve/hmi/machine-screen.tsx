/** One machine: the course of the last hours with its alarms and episodes, then what it says now, in the order of the settings. */
import {
  browserClock,
  Button,
  Captures,
  EmptyState,
  FindField,
  hrefOf,
  Indicator,
  type LiveStore,
} from "@millwright/ui-kit";
import type { CapturePoint, LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { AssetMark } from "./asset-mark.tsx";
import { Back } from "./back.tsx";
import { assetTrendTags, LazyAssetTrend, trendHref } from "./lazy-asset-trend.tsx";
import { LazyEpisodes } from "./lazy-episodes.tsx";
import { MachineState } from "./machine-state.tsx";
import { LastHour } from "./last-hour.tsx";
import { decimalsMaxOf, measuredOf, type Machine } from "./machines.ts";
import { say, sayCount } from "./messages.ts";

/** Rows on the screen at first: as many as V3 and V4 are measured with. More come by a button, never by themselves. */
const othersShown = 200;
/** A search pays once a list is longer than a screen. */
const searchFrom = 12;

export function MachineScreen(props: {
  readonly store: LiveStore;
  readonly machines: readonly Machine[];
  readonly name: string;
  /** Of the address: the episode that is looked at. */
  readonly episode?: string | undefined;
  readonly captures?: readonly CapturePoint[] | undefined;
}): JSX.Element {
  const machine = props.machines.find((one) => one.name === props.name);
  const wallMs = (): number => browserClock.wallMs();
  if (machine === undefined) {
    return (
      <>
        <Back href={hrefOf()} />
        <EmptyState title={say("asset.unknown", { asset: props.name })}>
          <p>{say("asset.unknown.what")}</p>
        </EmptyState>
      </>
    );
  }
  const measured = measuredOf(machine, assetTrendTags);
  return (
    <>
      <div class="screen-head">
        <Back href={hrefOf()} />
        <div class="machine-title">
          <h1>{machine.name}</h1>
          <MachineState store={props.store} machine={machine} />
          <AssetMark asset={machine.name} />
        </div>
        {measured.length > 0 && (
          <div class="button-row">
            <a class="button" href={trendHref(measured)}>
              {say("trends.open")}
            </a>
          </div>
        )}
      </div>
      {measured.length > 0 && (
        <LazyAssetTrend store={props.store} tags={measured} wallMs={wallMs} />
      )}
      <MachineValues
        store={props.store}
        machine={machine}
        episode={props.episode}
        captures={props.captures}
      />
    </>
  );
}

export function MachineValues(props: {
  readonly store: LiveStore;
  readonly machine: Machine;
  /** Of which the last hour stands between the chosen values and the rest, where no longer time is shown. */
  readonly sparks?: readonly LiveTag[];
  readonly episode?: string | undefined;
  readonly captures?: readonly CapturePoint[] | undefined;
}): JSX.Element {
  const { store, machine } = props;
  const wallMs = (): number => browserClock.wallMs();
  return (
    <>
      <Rows store={store} tags={machine.indicators} />
      <LazyEpisodes
        key={machine.name}
        store={store}
        asset={machine.name}
        named={props.episode}
        tags={[...machine.indicators, ...machine.others]}
        wallMs={wallMs}
      />
      {props.sparks !== undefined && <LastHour store={store} tags={props.sparks} />}
      <Captures base="/api" asset={machine.name} points={props.captures} wallMs={wallMs} />
      {machine.others.length > 0 && <Others store={store} machine={machine} />}
    </>
  );
}

/** More than any panel shows at once. They come first, so that a tap is answered with a full screen; the rest follows. */
const rowsFirst = 16;
/** Few enough that a tap between two of these steps is answered within a tenth of a second on a slow panel. */
const rowsStep = 6;

function Rows(props: {
  readonly store: LiveStore;
  readonly tags: readonly LiveTag[];
}): JSX.Element {
  const decimalsMax = decimalsMaxOf(props.tags);
  const [most, setMost] = useState(rowsFirst);
  useEffect(() => {
    if (most >= props.tags.length) return undefined;
    const timer = setTimeout(() => setMost(most + rowsStep), 0);
    return () => clearTimeout(timer);
  }, [most, props.tags.length]);
  return (
    <ul class="rows">
      {props.tags.slice(0, most).map((tag) => (
        <li key={tag.id}>
          <Indicator
            store={props.store}
            tag={tag}
            decimalsMax={decimalsMax}
            href={hrefOf("tag", tag.id)}
          />
        </li>
      ))}
    </ul>
  );
}

function Others(props: { readonly store: LiveStore; readonly machine: Machine }): JSX.Element {
  const { machine } = props;
  const [most, setMost] = useState(othersShown);
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const found =
    wanted === ""
      ? machine.others
      : machine.others.filter((tag) => tag.name.toLowerCase().includes(wanted));
  const shown = found.slice(0, most);
  return (
    <section>
      <h2 class="rows-head">{sayCount("asset.others", machine.others.length)}</h2>
      {machine.others.length > searchFrom && (
        <FindField label={say("asset.find")} text={text} onText={setText} />
      )}
      {found.length === 0 ? (
        <div class="none-found">
          <p>{say("asset.none-found", { asset: machine.name, text })}</p>
          <Button label={say("asset.clear")} onPress={() => setText("")} />
        </div>
      ) : (
        <Rows store={props.store} tags={shown} />
      )}
      {shown.length < found.length && (
        <div class="none-found">
          <p>{say("asset.shown", { shown: String(shown.length), count: String(found.length) })}</p>
          <Button
            label={say("asset.more", {
              count: String(Math.min(othersShown, found.length - shown.length)),
            })}
            onPress={() => setMost((now) => now + othersShown)}
          />
        </div>
      )}
    </section>
  );
}
