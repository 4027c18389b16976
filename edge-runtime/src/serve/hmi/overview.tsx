/** H1: is the machine all right? With one machine its screen is the overview; with more, a tile leads to each. */
import {
  EmptyState,
  hrefOf,
  Indicator,
  Sparkline,
  unitWords,
  type LiveStore,
} from "@millwright/ui-kit";
import type { GatewayPage, LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { decimalsMaxOf, tileTagsOf, type Machine } from "./machines.ts";
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
  const tags = new Map(page.tags.map((tag) => [tag.id, tag]));
  const sparks = page.sparklines.flatMap((id) => tags.get(id) ?? []);
  return (
    <>
      {machines.length === 1 ? (
        <>
          <h1 class="hidden-text">{only.name}</h1>
          <MachineValues store={store} machine={only} />
        </>
      ) : (
        <>
          <h1 class="hidden-text">{say("nav.overview")}</h1>
          <ul class="tiles" data-size={sizeOf(machines.length)}>
            {machines.map((machine) => (
              <li key={machine.name}>
                <Tile store={store} machine={machine} />
              </li>
            ))}
          </ul>
        </>
      )}
      {sparks.length > 0 && <LastHour store={store} tags={sparks} />}
    </>
  );
}

/** Up to 24 tiles fit a panel without scrolling; the fewer there are, the more each can show. */
function sizeOf(count: number): "large" | "medium" | "small" {
  if (count <= 4) return "large";
  return count <= 9 ? "medium" : "small";
}

function Tile(props: { readonly store: LiveStore; readonly machine: Machine }): JSX.Element {
  const { store, machine } = props;
  const shown = tileTagsOf(machine);
  return (
    <a class="tile" href={hrefOf("machine", machine.name)}>
      <h2>{machine.name}</h2>
      <MachineState store={store} machine={machine} />
      <div class="tile-rows">
        {shown.map((tag) => (
          <Indicator key={tag.id} store={store} tag={tag} decimalsMax={decimalsMaxOf(shown)} />
        ))}
      </div>
    </a>
  );
}

function sparkName(tag: LiveTag): string {
  const name = tag.asset === "" ? tag.name : `${tag.asset}: ${tag.name}`;
  const unit = unitWords(tag.unit);
  return unit === "" ? name : `${name}, ${unit}`;
}

function LastHour(props: {
  readonly store: LiveStore;
  readonly tags: readonly LiveTag[];
}): JSX.Element {
  return (
    <section class="last-hour">
      <h2>{say("overview.last-hour")}</h2>
      <ul>
        {props.tags.map((tag) => (
          <li key={tag.id}>
            <a class="spark" href={hrefOf("tag", tag.id)}>
              <span class="spark-name">{sparkName(tag)}</span>
              <Sparkline store={props.store} tag={tag} base="/api" />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
