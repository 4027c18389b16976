/** Whose signature is believed for this gateway's sticks: fingerprints to compare with what stands on its own page. */
import { browserClock, fullTimeWords, loadJson, useResource } from "@millwright/ui-kit";
import type { GatewayKeyView } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { say } from "./messages.ts";

/** Undefined as long as it is not known; a page without it says the rest. */
export function useGatewayKey(gateway: string): GatewayKeyView | undefined {
  const address = `/api/gateways/${encodeURIComponent(gateway)}/key`;
  return useResource(
    address,
    (signal) => loadJson<GatewayKeyView>(address, signal),
    () => browserClock.wallMs(),
  ).value;
}

/** Names and words for the list of facts. */
export function keyFacts(
  view: GatewayKeyView | undefined,
): readonly (readonly [name: string, words: string])[] {
  if (view === undefined) return [];
  const pinned =
    view.pinned === ""
      ? say("gateway.key.none")
      : say("gateway.key.pinned", { key: view.pinned, time: fullTimeWords(view.pinnedUs) });
  return [
    [say("gateway.key"), pinned],
    [say("gateway.key.hub"), view.hub],
  ];
}

/** What a person has to do about a key that has changed; nothing else does it. */
export function KeyChanged(props: {
  readonly gateway: string;
  readonly view: GatewayKeyView | undefined;
}): JSX.Element | null {
  const { gateway, view } = props;
  if (view === undefined || view.shown === "") return null;
  const time = fullTimeWords(view.shownUs);
  return (
    <p>
      <strong>{say("gateway.key.changed", { gateway, key: view.shown, time })}</strong>
    </p>
  );
}
