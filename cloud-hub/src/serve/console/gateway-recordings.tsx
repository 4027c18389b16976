/** In a gateway's Sync: all recordings of it, and a form that orders one of a machine, whose values a model is trained with. */
import type { GatewayPage } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { say } from "./messages.ts";
import { sayRecording } from "./recording-messages.ts";
import { Recordings } from "./recordings.tsx";

/** As no machine is called. */
const whole = "";

export function GatewayRecordings(props: {
  readonly page: GatewayPage;
  /** The hub's clock, µs. */
  readonly nowUs: () => number;
  readonly wallMs: () => number;
}): JSX.Element {
  const { page } = props;
  const { gateway, name } = page;
  const assets = [...new Set(page.tags.map(({ asset }) => asset))].filter((one) => one !== whole);
  const [asset, setAsset] = useState(assets[0] ?? whole);
  const tags = page.tags.filter((tag) => asset === whole || tag.asset === asset);
  const countOf = (of: string): string =>
    String(page.tags.filter((tag) => tag.asset === of).length);
  return (
    <section class="panel">
      <h2>{sayRecording("title")}</h2>
      <Recordings
        nowUs={props.nowUs}
        wallMs={props.wallMs}
        groups={tags.length === 0 ? [] : [{ gateway, name, tags }]}
        allOf={gateway}
        none={sayRecording("none")}
      >
        {page.tags.length === 0 ? (
          <p>{say("gateway.empty")}</p>
        ) : (
          <label class="choice-of-few">
            {sayRecording("form.of")}
            <select value={asset} onChange={({ currentTarget }) => setAsset(currentTarget.value)}>
              {assets.map((one) => (
                <option key={one} value={one}>
                  {sayRecording("form.of.asset", { asset: one, count: countOf(one) })}
                </option>
              ))}
              <option value={whole}>
                {sayRecording("form.of.all", { count: String(page.tags.length) })}
              </option>
            </select>
          </label>
        )}
      </Recordings>
    </section>
  );
}
