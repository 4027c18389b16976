/** Sites with the counts of their gateways. The name of a site is a filter of the list below it. */
import { countWords, hrefOf } from "@millwright/ui-kit";
import type { JSX } from "preact";

import { devicesCell, waitingCell } from "./heard-cells.ts";
import { say, sayCount, type ConsoleText } from "./messages.ts";
import type { Site } from "./sites.ts";

const columns: readonly ConsoleText[] = [
  "column.site",
  "column.gateways",
  "column.silent",
  "column.behind",
  "column.sleeping",
  "column.devices",
  "column.waiting",
  "column.unexplained",
  "column.versions",
];

/** The worst stand first; more would push the gateways off the screen, and the search finds every one of them. */
const sitesShown = 12;

export function SitesTable(props: {
  readonly sites: readonly Site[];
  /** The presence that is filtered by, "all" without one: kept when a site is chosen. */
  readonly presence: string;
  readonly chosen: string | undefined;
}): JSX.Element {
  const { sites } = props;
  const shown = sites.slice(0, sitesShown);
  return (
    <>
      <div class="table-window">
        <table class="sites">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {say(column)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((site) => (
              <SiteRow
                key={site.name}
                site={site}
                href={hrefOf("fleet", props.presence, site.name === "" ? "-" : site.name)}
                chosen={site.name === props.chosen}
              />
            ))}
          </tbody>
        </table>
      </div>
      {sites.length > shown.length && (
        <p class="quiet">{sayCount("sites.more", sites.length - shown.length)}</p>
      )}
    </>
  );
}

function SiteRow(props: {
  readonly site: Site;
  readonly href: string;
  readonly chosen: boolean;
}): JSX.Element {
  const { site } = props;
  const [version = "", ...others] = site.versions;
  return (
    <tr>
      <th scope="row">
        <a href={props.href} aria-current={props.chosen ? "true" : undefined}>
          {site.name === "" ? say("sites.none") : site.name}
        </a>
      </th>
      <Count count={site.gateways} />
      <Count count={site.presences.silent} counts />
      <Count count={site.presences.behind} counts />
      <Count count={site.presences.sleeping} />
      <td class="number" data-short={site.devicesLive < site.devices}>
        {devicesCell(site.presences, site.devicesLive, site.devices)}
      </td>
      <td class="number">{waitingCell(site.waitingSamples, site.presences.silent > 0)}</td>
      <Count count={site.unexplained} counts />
      <td>
        {others.length === 0 ? version : sayCount("cell.versions", others.length, { version })}
      </td>
    </tr>
  );
}

/** @param props.counts a number above none is for a person to see */
function Count(props: { readonly count: number; readonly counts?: boolean }): JSX.Element {
  return (
    <td class="number" data-short={props.counts === true && props.count > 0}>
      {countWords(props.count)}
    </td>
  );
}
