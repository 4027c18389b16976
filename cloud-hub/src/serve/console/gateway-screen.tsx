/** One gateway: how its data come, its devices, and the live values and the last hour of one of its assets. */
import {
  browserClock,
  Button,
  DeviceList,
  EmptyState,
  FailedState,
  FindField,
  hrefOf,
  Indicator,
  liveAddress,
  loadJson,
  LostNotice,
  shownDecimals,
  Skeleton,
  startLiveStore,
  TrendChart,
  unitWords,
  useResource,
  type LiveStore,
} from "@millwright/ui-kit";
import type { GatewayPage, GatewayRow, LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { GatewayFacts } from "./gateway-facts.tsx";
import { say, sayCount } from "./messages.ts";

/** More rows than this are searched rather than scrolled. */
const rowsShown = 200;
const searchFrom = 15;

export interface GatewayScreenProps {
  readonly gateway: string;
  /** From the address; "" for the first one. */
  readonly asset: string;
  readonly tagId: string;
  /** What the list of gateways said last about this one. */
  readonly row: GatewayRow | undefined;
}

export function GatewayScreen(props: GatewayScreenProps): JSX.Element {
  const base = `/api/gateways/${encodeURIComponent(props.gateway)}`;
  // Tag ids are those of the gateway: another gateway may use the same, so each has a store of its own.
  const [{ store, end }] = useState(() => startLiveStore());
  useEffect(() => end, [end]);
  const page = useResource(
    `${base} ${store.returns.value}`,
    (signal) => loadJson<GatewayPage>(base, signal),
    () => browserClock.wallMs(),
  );
  const found = page.value;
  useEffect(() => {
    if (found !== undefined) {
      document.title = say("page.title.gateway", { gateway: found.name });
    }
  }, [found]);
  if (found === undefined) {
    return page.failedMs === undefined ? (
      <Skeleton height="20rem" />
    ) : (
      <FailedState what={say("gateway.failed")} sinceMs={page.failedMs} onRetry={page.retry} />
    );
  }
  return <Gateway {...props} base={base} store={store} page={found} />;
}

interface GatewayProps extends GatewayScreenProps {
  readonly base: string;
  readonly store: LiveStore;
  readonly page: GatewayPage;
}

function Gateway(props: GatewayProps): JSX.Element {
  const { store, page } = props;
  const assets = [...new Set(page.tags.map((tag) => tag.asset))];
  const chosen = assets.includes(props.asset) ? props.asset : (assets[0] ?? "");
  const tags = tagsOf(page, chosen);
  const address = liveAddress(
    `${props.base}/live`,
    tags.map((tag) => tag.id),
  );
  useEffect(() => {
    store.show(address);
  }, [store, address]);
  return (
    <>
      <LostNotice store={store} peer="hub" />
      <div class="gateway-head">
        <div>
          <h1>{page.name}</h1>
          <p class="quiet">{page.site}</p>
        </div>
        <GatewayFacts store={store} page={page} row={props.row} />
      </div>
      <section class="panel">
        <h2>{say("gateway.devices")}</h2>
        <DeviceList store={store} none={say("gateway.devices.none")} />
      </section>
      {tags.length === 0 ? (
        <EmptyState title={say("gateway.empty")}>
          <p>{say("gateway.empty.what")}</p>
        </EmptyState>
      ) : (
        <>
          <nav class="assets" aria-label={say("gateway.assets")}>
            {assets.map((asset) => (
              <a
                key={asset}
                href={hrefOf("gateway", props.gateway, asset === "" ? "-" : asset)}
                aria-current={asset === chosen ? "page" : undefined}
              >
                {assetName(asset)}
              </a>
            ))}
          </nav>
          <Asset key={chosen} {...props} asset={chosen} tags={tags} />
        </>
      )}
    </>
  );
}

/** The tags of an asset, those first that stand on the gateway's own overview, as its people know them. */
function tagsOf(page: GatewayPage, asset: string): readonly LiveTag[] {
  const tags = page.tags.filter((tag) => tag.asset === asset);
  const byId = new Map(tags.map((tag) => [tag.id, tag]));
  const first = page.overview.flatMap((id) => byId.get(id) ?? []);
  return [...new Set([...first, ...tags])];
}

function assetName(asset: string): string {
  return asset === "" ? say("asset.none") : asset;
}

function Asset(props: GatewayProps & { readonly tags: readonly LiveTag[] }): JSX.Element {
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
                href={hrefOf("gateway", props.gateway, props.asset || "-", one.id)}
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
          <TrendChart
            key={tag.id}
            store={store}
            tag={tag}
            base={props.base}
            spanMs={3_600_000}
            height={300}
            wallMs={() => browserClock.wallMs()}
          />
        </section>
      )}
    </div>
  );
}
