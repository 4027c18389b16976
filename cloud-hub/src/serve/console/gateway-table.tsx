/** The gateways as a table. Rows outside the window are not in the page: 2,000 gateways scroll like twenty. */
import { countWords, hrefOf, roughCountWords } from "@millwright/ui-kit";
import type { GatewayRow } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { say, type ConsoleText } from "./messages.ts";
import { devicesCell, waitingCell } from "./heard-cells.ts";
import { presenceWords } from "./presence-words.ts";
import { countsOf, isHeard } from "./sites.ts";

const rowPx = 36;
/** Up to here the table is as long as it is; beyond, it scrolls within a window of its own. */
const windowedFrom = 60;
const windowRows = 18;
/** Rows drawn beyond both edges, so that a quick wheel does not show blanks. */
const spareRows = 12;

const columns: readonly ConsoleText[] = [
  "column.gateway",
  "column.site",
  "column.presence",
  "column.waiting",
  "column.devices",
  "column.tags",
  "column.stored",
  "column.unexplained",
  "column.hmi",
];

export function GatewayTable(props: {
  readonly rows: readonly GatewayRow[];
  readonly nowUs: number;
}): JSX.Element {
  const { rows, nowUs } = props;
  const [top, setTop] = useState(0);
  const windowed = rows.length >= windowedFrom;
  const first = windowed ? Math.max(0, Math.floor(top / rowPx) - spareRows) : 0;
  const last = windowed ? Math.min(rows.length, first + windowRows + 2 * spareRows) : rows.length;
  return (
    <div
      class="table-window"
      data-windowed={windowed}
      tabIndex={windowed ? 0 : undefined}
      role={windowed ? "region" : undefined}
      aria-label={windowed ? say("fleet.table") : undefined}
      onScroll={(event) => {
        if (windowed) setTop(event.currentTarget.scrollTop);
      }}
    >
      <table class="gateways" aria-rowcount={rows.length + 1}>
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
          {first > 0 && <Spacer rows={first} />}
          {rows.slice(first, last).map((row) => (
            <Row key={row.gateway} row={row} nowUs={nowUs} />
          ))}
          {last < rows.length && <Spacer rows={rows.length - last} />}
        </tbody>
      </table>
    </div>
  );
}

function Spacer(props: { readonly rows: number }): JSX.Element {
  return (
    <tr aria-hidden="true">
      <td colSpan={columns.length} style={{ height: `${props.rows * rowPx}px`, padding: "0" }} />
    </tr>
  );
}

function Row(props: { readonly row: GatewayRow; readonly nowUs: number }): JSX.Element {
  const { row, nowUs } = props;
  const live = row.devices.filter((device) => device.state === "live").length;
  return (
    <tr data-presence={row.presence}>
      <th scope="row">
        <a href={hrefOf("gateway", row.gateway)}>{row.name}</a>
      </th>
      <td>{row.site}</td>
      <td>{presenceWords(row, nowUs)}</td>
      <td class="number">{waitingCell(row.waitingSamples, row.presence === "silent")}</td>
      <td class="number" data-short={isHeard(row) && live < row.devices.length}>
        {devicesCell(countsOf([row]), live, row.devices.length)}
      </td>
      <td class="number">{countWords(row.tagCount)}</td>
      <td class="number">{roughCountWords(row.storedSamples)}</td>
      <td class="number" data-short={row.unexplained > 0}>
        {countWords(row.unexplained)}
      </td>
      <td>
        {row.hmi !== "" && (
          <a href={row.hmi} aria-label={say("cell.open-hmi.reads", { gateway: row.name })}>
            {say("cell.open-hmi")}
          </a>
        )}
      </td>
    </tr>
  );
}
