/** H1: is the machine all right? With one machine its values are the overview; with more, a tile leads to each. */
import { EmptyState, hrefOf, Indicator, type LiveStore } from "@millwright/ui-kit";
import type { GatewayPage } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { AssetMark } from "./asset-mark.tsx";
import { LastHour } from "./last-hour.tsx";
import { assetTrendWords } from "./lazy-asset-trend.tsx";
import { decimalsMaxOf, measuredOf, tileTagsOf, type Machine } from "./machines.ts";
import { MachineValues } from "./machine-screen.tsx";
import { MachineState } from "./machine-state.tsx";
import { say } from "./messages.ts";

export function Overview(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage;
  readonly machines: readonly Machine[];
}): JSX.Element {
  const { store, page, machines } = props;
  const [only] = machines;
  if (only === undefined) {
    return (
      <EmptyState title={say("overview.empty")}>
        <p>{say("overview.empty.what")}</p>
        <p>
          <strong>{say("overview.empty.do")}</strong>
        </p>
      </EmptyState>
    );
  }
  const size = sizeOf(machines.length);
  const tags = new Map(page.tags.map((tag) => [tag.id, tag]));
  const sparks = page.sparklines.flatMap((id) => tags.get(id) ?? []);
  return (
    <>
      {machines.length === 1 ? (
        <>
          <h1 class="hidden-text">{only.name}</h1>
          <div class="screen-head">
            <div class="machine-title">
              <AssetMark asset={only.name} />
            </div>
            {measuredOf(only, 1).length > 0 && (
              <div class="button-row">
                <a class="button" href={hrefOf("machine", only.name)}>
                  {assetTrendWords()}
                </a>
              </div>
            )}
          </div>
          <MachineValues
            store={store}
            machine={only}
            sparks={sparks}
            captures={props.page.captures}
          />
        </>
      ) : (
        <>
          <h1 class="hidden-text">{say("nav.overview")}</h1>
          <ul class="tiles" data-size={size}>
            {machines.map((machine) => (
              <li key={machine.name}>
                <Tile store={store} machine={machine} brief={size !== "large"} />
              </li>
            ))}
          </ul>
          {machines.length <= withLastHourMax && <LastHour store={store} tags={sparks} named />}
        </>
      )}
    </>
  );
}

/** Four rows of four leave room for it below them on a panel. */
const withLastHourMax = 16;

/**
 * Up to 24 tiles fit a panel without scrolling; the fewer there are, the more each can show. Eight stand in two rows of
 * four, so that the last hour is in sight below them.
 */
function sizeOf(count: number): "large" | "medium" | "small" {
  if (count <= 4) return "large";
  return count <= 8 ? "medium" : "small";
}

function Tile(props: {
  readonly store: LiveStore;
  readonly machine: Machine;
  readonly brief: boolean;
}): JSX.Element {
  const { store, machine, brief } = props;
  const shown = tileTagsOf(machine);
  return (
    <a class="tile" href={hrefOf("machine", machine.name)}>
      <h2>{machine.name}</h2>
      <MachineState store={store} machine={machine} brief={brief} />
      <div class="tile-rows">
        {shown.map((tag) => (
          <Indicator
            key={tag.id}
            store={store}
            tag={tag}
            decimalsMax={decimalsMaxOf(shown)}
            brief={brief}
          />
        ))}
      </div>
    </a>
  );
}
