/** C1 in its first form: what needs a person, and which gateways report, are behind, silent or asleep. */
import {
  Button,
  countWords,
  durationWords,
  EmptyState,
  FindField,
  hrefOf,
  LostNotice,
  roughCountWords,
  sinceWords,
  Skeleton,
} from "@millwright/ui-kit";
import type { GatewayRow, Presence } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { BackupStatus } from "../../hand-over.ts";
import type { Quarantined } from "../../hub-views.ts";
import { BackupLine } from "./backup-line.tsx";
import { attentionOf, filterRows, isPresence, presences } from "./fleet-filter.ts";
import type { FleetStore } from "./fleet-store.ts";
import { GatewayTable } from "./gateway-table.tsx";
import { say, sayCount } from "./messages.ts";
import { SitesTable } from "./sites-table.tsx";
import { countsOf, sitesOf, waitingOf } from "./sites.ts";

const attentionShown = 8;

export function FleetScreen(props: {
  readonly fleet: FleetStore;
  readonly quarantine: readonly Quarantined[];
  readonly backup: BackupStatus | undefined;
  /** From the address: which tile is pressed. */
  readonly chosen: string;
  /** From the address: which site is, "-" for gateways that name none. */
  readonly site: string | undefined;
}): JSX.Element {
  const { fleet } = props;
  const rows = fleet.rows.value;
  return (
    <>
      <LostNotice store={fleet} peer="hub" />
      {rows === undefined ? (
        <Skeleton height="20rem" />
      ) : rows.length === 0 ? (
        <EmptyState title={say("fleet.empty")}>
          <p>{say("fleet.empty.what")}</p>
          <p>
            <strong>{say("fleet.empty.do")}</strong>
          </p>
        </EmptyState>
      ) : (
        <Fleet {...props} rows={rows} />
      )}
    </>
  );
}

function Fleet(props: {
  readonly fleet: FleetStore;
  readonly quarantine: readonly Quarantined[];
  readonly backup: BackupStatus | undefined;
  readonly chosen: string;
  readonly site: string | undefined;
  readonly rows: readonly GatewayRow[];
}): JSX.Element {
  const { fleet, rows } = props;
  const [text, setText] = useState("");
  const presence = isPresence(props.chosen) ? props.chosen : undefined;
  const counts = countsOf(rows);
  const sites = sitesOf(rows);
  const site = props.site === "-" ? "" : props.site;
  const found = filterRows(rows, presence, site, text);
  const clear = (): void => {
    setText("");
    location.hash = hrefOf();
  };
  return (
    <div class="fleet" data-lost={fleet.lost.value}>
      <section class="tiles-and-attention">
        <div>
          <h1>{sayCount("fleet.count", rows.length)}</h1>
          <ul class="filter-tiles" aria-label={say("fleet.filter")}>
            <FilterTile name="all" count={rows.length} chosen={presence === undefined} />
            {presences.map((one) => (
              <FilterTile key={one} name={one} count={counts[one]} chosen={presence === one} />
            ))}
          </ul>
          <Whole rows={rows} />
          <BackupLine backup={props.backup} nowUs={fleet.secondUs.value} />
          <QuarantineLine quarantine={props.quarantine} nowUs={fleet.secondUs.value} />
        </div>
        <AttentionList fleet={fleet} rows={rows} />
      </section>
      <section>
        <div class="table-head">
          <h2>{sayCount("fleet.sites", sites.length)}</h2>
        </div>
        <SitesTable sites={sites} presence={presence ?? "all"} chosen={site} />
      </section>
      <section>
        <div class="table-head">
          <h2>
            {site === undefined
              ? say("fleet.table")
              : say("fleet.table.site", { site: site === "" ? say("sites.none") : site })}
          </h2>
          <FindField label={say("fleet.find")} text={text} onText={setText} />
        </div>
        {found.length === 0 ? (
          <div class="no-match">
            <p>{noMatchWords(presence, site, text)}</p>
            <Button label={say("fleet.clear")} onPress={clear} />
          </div>
        ) : (
          <GatewayTable rows={found} nowUs={fleet.secondUs.value} />
        )}
      </section>
    </div>
  );
}

/** The two numbers of the whole fleet that say whether the promise is kept. */
function Whole(props: { readonly rows: readonly GatewayRow[] }): JSX.Element {
  const { unexplained } = waitingOf(props.rows);
  return (
    <dl class="whole">
      <div>
        <dt>{say("fleet.unexplained")}</dt>
        <dd>{countWords(unexplained)}</dd>
      </div>
      <div>
        <dt>{say("fleet.waiting")}</dt>
        <dd>{waitingWords(props.rows)}</dd>
      </div>
    </dl>
  );
}

/** What silent gateways hold by now only they know. */
function waitingWords(rows: readonly GatewayRow[]): string {
  const { waitingSamples, oldestMs } = waitingOf(rows);
  const { silent } = countsOf(rows);
  const known = say("fleet.waiting.words", {
    count: roughCountWords(waitingSamples),
    time: durationWords(oldestMs),
  });
  if (silent === 0) return waitingSamples === 0 ? say("fleet.waiting.none") : known;
  const unknown = sayCount("fleet.waiting.silent", silent);
  return waitingSamples === 0 ? unknown : say("fleet.waiting.besides", { known, unknown });
}

function noMatchWords(
  presence: Presence | undefined,
  site: string | undefined,
  text: string,
): string {
  if (site !== undefined) return say("fleet.no-match.site", { site });
  if (presence === undefined) return say("fleet.no-match.text", { text });
  const words = say(`presence.${presence}`);
  return text === ""
    ? say("fleet.no-match.presence", { presence: words })
    : say("fleet.no-match", { presence: words, text });
}

/** A number that is a filter. It is a link, so the address says what is shown. */
function FilterTile(props: {
  readonly name: Presence | "all";
  readonly count: number;
  readonly chosen: boolean;
}): JSX.Element {
  return (
    <li>
      <a
        class="filter-tile"
        href={props.name === "all" ? hrefOf() : hrefOf("fleet", props.name)}
        aria-current={props.chosen ? "true" : undefined}
      >
        <span class="filter-count">{props.count}</span>
        <span>{say(`presence.${props.name}`)}</span>
      </a>
    </li>
  );
}

function AttentionList(props: {
  readonly fleet: FleetStore;
  readonly rows: readonly GatewayRow[];
}): JSX.Element {
  const found = attentionOf(props.rows, props.fleet.secondUs.value);
  return (
    <section class="panel">
      <h2>{say("attention.title")}</h2>
      {found.length === 0 ? (
        <p class="quiet">{say("attention.none")}</p>
      ) : (
        <ul class="attention">
          {found.slice(0, attentionShown).map((one) => (
            <li key={one.text}>
              <a href={hrefOf("gateway", one.gateway)}>{one.text}</a>
            </li>
          ))}
        </ul>
      )}
      {found.length > attentionShown && (
        <p class="quiet">{sayCount("attention.more", found.length - attentionShown)}</p>
      )}
    </section>
  );
}

/** Frames that could not be read are kept, and said as long as there are any. */
export function QuarantineLine(props: {
  readonly quarantine: readonly Quarantined[];
  readonly nowUs: number;
}): JSX.Element | null {
  const newest = props.quarantine.reduce<Quarantined | undefined>(
    (found, one) => (found === undefined || one.receivedUs > found.receivedUs ? one : found),
    undefined,
  );
  if (newest === undefined) return null;
  return (
    <p class="quarantine">
      {sayCount("quarantine", props.quarantine.length, {
        gateway: newest.gateway,
        reason: newest.reason,
        time: sinceWords(newest.receivedUs, props.nowUs),
      })}
    </p>
  );
}
