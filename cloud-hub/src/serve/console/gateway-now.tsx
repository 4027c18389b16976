/** Tab "Now": the live values of one asset, and the last hour of one of them. */
import {
  browserClock,
  Button,
  Captures,
  EmptyState,
  FindField,
  hrefOf,
  Indicator,
  RepairList,
  shownDecimals,
  TrendChart,
  unitWords,
  type LiveStore,
} from "@millwright/ui-kit";
import type { GatewayPage, GatewayRow, LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { say, sayCount } from "./messages.ts";

/** More rows than this are searched rather than scrolled. */
const rowsShown = 200;
const searchFrom = 15;

export interface GatewayNowProps {
  readonly gateway: string;
  /** Where its history lives. */
  readonly base: string;
  readonly store: LiveStore;
  readonly page: GatewayPage;
  /** One of `assetsOf`. */
  readonly asset: string;
  /** From the address; "" for the first one. */
  readonly tagId: string;
  /** What the list of gateways said last about this one. */
  readonly row: GatewayRow | undefined;
}

export function GatewayNow(props: GatewayNowProps): JSX.Element {
  const { page, asset } = props;
  const tags = tagsOf(page, asset);
  if (tags.length === 0) {
    return (
      <EmptyState title={say("gateway.empty")}>
        <p>{say("gateway.empty.what")}</p>
      </EmptyState>
    );
  }
  return (
    <>
      <nav class="assets" aria-label={say("gateway.assets")}>
        {assetsOf(page).map((one) => (
          <a
            key={one}
            href={hrefOf("gateway", props.gateway, "now", one === "" ? "-" : one)}
            aria-current={one === asset ? "page" : undefined}
          >
            {assetName(one)}
          </a>
        ))}
      </nav>
      <Asset key={asset} {...props} tags={tags} />
      <Captures
        key={`captures of ${asset}`}
        base={props.base}
        asset={asset}
        points={page.captures}
        wallMs={() => browserClock.wallMs()}
      />
    </>
  );
}

export function assetsOf(page: GatewayPage): readonly string[] {
  return [...new Set(page.tags.map((tag) => tag.asset))];
}

/** The tags of an asset, those first that stand on the gateway's own overview, as its people know them. */
export function tagsOf(page: GatewayPage, asset: string): readonly LiveTag[] {
  const tags = page.tags.filter((tag) => tag.asset === asset);
  const byId = new Map(tags.map((tag) => [tag.id, tag]));
  const first = page.overview.flatMap((id) => byId.get(id) ?? []);
  return [...new Set([...first, ...tags])];
}

function assetName(asset: string): string {
  return asset === "" ? say("asset.none") : asset;
}

function Asset(props: GatewayNowProps & { readonly tags: readonly LiveTag[] }): JSX.Element {
  const { store, tags } = props;
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const found = tags.filter((tag) => tag.name.toLowerCase().includes(wanted));
  const shown = found.slice(0, rowsShown);
  const decimalsMax = shown.reduce((most, tag) => Math.max(most, shownDecimals(tag)), 0);
  const tag = tags.find((one) => one.id === props.tagId) ?? tags[0];
  return (
    <div class="asset">
      <section class="panel">
        <div class="table-head">
          <h2>
            {say("asset.live")} · {sayCount("asset.count", tags.length)}
          </h2>
          {tags.length > searchFrom && (
            <FindField label={say("asset.find")} text={text} onText={setText} />
          )}
        </div>
        {found.length === 0 && (
          <div class="no-match">
            <p>{say("asset.no-match", { asset: assetName(props.asset), text })}</p>
            <Button label={say("asset.clear")} onPress={() => setText("")} />
          </div>
        )}
        <ul class="value-rows">
          {shown.map((one) => (
            <li key={one.id} data-chosen={one === tag}>
              <Indicator
                store={store}
                tag={one}
                decimalsMax={decimalsMax}
                href={hrefOf("gateway", props.gateway, "now", props.asset || "-", one.id)}
              />
            </li>
          ))}
        </ul>
        {shown.length < found.length && (
          <p class="quiet">
            {say("asset.shown", { shown: String(shown.length), count: String(found.length) })}
          </p>
        )}
      </section>
      {tag !== undefined && (
        <section class="panel asset-history">
          <h2>
            {tag.name} {unitWords(tag.unit)} · {say("asset.last-hour")}
          </h2>
          <a class="button" href={hrefOf("trends", "1h", props.gateway, tag.id)}>
            {say("trends.open")}
          </a>
          <TrendChart
            key={tag.id}
            store={store}
            tag={tag}
            base={props.base}
            spanMs={3_600_000}
            height={300}
            wallMs={() => browserClock.wallMs()}
            repairs={{ List: RepairList, hmi: props.row?.hmi ?? "" }}
          />
        </section>
      )}
    </div>
  );
}
