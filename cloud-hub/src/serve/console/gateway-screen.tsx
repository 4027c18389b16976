/** C3 in its first form: is this gateway healthy and in sync, where do its values come from, what are they now? */
import {
  browserClock,
  DeviceList,
  FailedState,
  fullTimeWords,
  hrefOf,
  liveAddress,
  loadJson,
  LostNotice,
  sinceWords,
  Skeleton,
  startLiveStore,
  useResource,
  type LiveStore,
} from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { GatewayPage, GatewayRow } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { Quarantined } from "../../hub-views.ts";
import { assetsOf, GatewayNow, tagsOf } from "./gateway-now.tsx";
import { GatewaySync } from "./gateway-sync.tsx";
import { LazySilence, LazyTimeLine } from "./lazy-screens.ts";
import { say, sayCount } from "./messages.ts";
import { presenceWords } from "./presence-words.ts";
import { isHeard } from "./sites.ts";

const tabs = ["now", "sources", "sync"] as const;
type Tab = (typeof tabs)[number];

/** Sources and Sync show no values: an id that no tag can have asks the stream for none. */
const noTags = ["-"];

export interface GatewayScreenProps {
  readonly gateway: string;
  /** From the address, behind the gateway: tab, asset, tag. */
  readonly place: readonly string[];
  /** What the list of gateways said last about this one. */
  readonly row: GatewayRow | undefined;
  readonly quarantine: readonly Quarantined[];
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
  const { store, page, row } = props;
  const [wantedTab, wantedAsset = "", tagId = ""] = props.place;
  const tab: Tab = tabs.find((one) => one === wantedTab) ?? "now";
  const assets = assetsOf(page);
  const named = wantedAsset === "-" ? "" : wantedAsset;
  const asset = assets.includes(named) ? named : (assets[0] ?? "");
  const tags = tab === "now" ? tagsOf(page, asset).map((tag) => tag.id) : noTags;
  const address = liveAddress(`${props.base}/live`, tags);
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
        <p class="gateway-presence">
          {row === undefined ? "" : <Standing store={store} row={row} />}
        </p>
      </div>
      {row !== undefined && !isHeard(row) && (
        <LazySilence
          base={props.base}
          store={store}
          row={row}
          wallMs={() => browserClock.wallMs()}
        />
      )}
      {row?.copy !== undefined && <CopyNotice name={page.name} copy={row.copy} />}
      <LazyTimeLine
        base={props.base}
        store={store}
        row={row}
        wallMs={() => browserClock.wallMs()}
      />
      <nav class="assets tabs" aria-label={say("gateway.tabs")}>
        {tabs.map((one) => (
          <a
            key={one}
            href={hrefOf("gateway", props.gateway, one)}
            aria-current={one === tab ? "page" : undefined}
          >
            {say(`gateway.tab.${one}`)}
          </a>
        ))}
      </nav>
      {tab === "now" && <GatewayNow {...props} asset={asset} tagId={tagId} />}
      {tab === "sources" && <Sources store={store} page={page} row={row} />}
      {tab === "sync" && <GatewaySync {...props} />}
    </>
  );
}

/** How it is; of a silent one also what it said last, because that is all there is to go by. */
function Standing(props: { readonly store: LiveStore; readonly row: GatewayRow }): JSX.Element {
  const { store, row } = props;
  const words = useComputed(() => {
    const presence = presenceWords(row, store.secondUs.value);
    if (row.presence !== "silent" || row.lastBeatUs === 0) return presence;
    return say("gateway.silent", {
      presence,
      time: sinceWords(row.lastBeatUs, store.secondUs.value),
    });
  });
  return <>{words}</>;
}

/** Two gateways with one name: nothing is lost by it, and a person has to end it. */
function CopyNotice(props: {
  readonly name: string;
  readonly copy: NonNullable<GatewayRow["copy"]>;
}): JSX.Element {
  const { name, copy } = props;
  return (
    <section class="panel copy-notice">
      <p>{say("gateway.copy", { gateway: name, time: fullTimeWords(copy.sinceUs) })}</p>
      <p>
        <strong>{say("gateway.copy.do")}</strong>
      </p>
      {copy.hmi !== "" && (
        <p>
          {say("gateway.copy.hmi")}
          <a class="link" href={copy.hmi}>
            {copy.hmi}
          </a>
        </p>
      )}
    </section>
  );
}

function Sources(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage;
  readonly row: GatewayRow | undefined;
}): JSX.Element {
  const { page, row } = props;
  return (
    <section class="panel">
      <h2>{say("gateway.devices")}</h2>
      <DeviceList
        store={props.store}
        none={say("gateway.devices.none")}
        untilUs={row === undefined || isHeard(row) ? undefined : row.lastBeatUs}
        detailOf={(device) =>
          sayCount(
            "gateway.device.tags",
            page.tags.filter((tag) => tag.device === device.device).length,
          )
        }
      />
    </section>
  );
}
