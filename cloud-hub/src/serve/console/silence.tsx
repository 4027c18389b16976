/** Why this gateway is silent, as far as is known, and what that is concluded from (ux-guide C3). */
import { FailedState, loadJson, Skeleton, useResource, type LiveStore } from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { GatewayRow } from "@millwright/wire-contract";
import type { JSX } from "preact";

import type { Silence } from "../../silence-views.ts";
import { saySilence } from "./silence-messages.ts";
import { clueWords, titleWords, toDoWords } from "./silence-words.ts";
import "./silence.css";

/** What the broker and the other gateways show changes within half a minute. */
const askEveryUs = 10e6;

export interface GatewaySilenceProps {
  readonly base: string;
  readonly store: LiveStore;
  readonly row: GatewayRow;
  readonly wallMs: () => number;
}

export function GatewaySilence(props: GatewaySilenceProps): JSX.Element {
  const { base, store, row, wallMs } = props;
  const turn = useComputed(() => Math.floor(store.secondUs.value / askEveryUs)).value;
  const loaded = useResource(
    [base, row.presence, row.sinceUs, turn].join(" "),
    (signal) => loadJson<Silence>(`${base}/silence`, signal),
    wallMs,
  );
  const { value, failedMs } = loaded;
  if (failedMs !== undefined) {
    return <FailedState what={saySilence("failed")} sinceMs={failedMs} onRetry={loaded.retry} />;
  }
  if (value === undefined) return <Skeleton height="8rem" />;
  // It came back since it was asked for.
  if (value.state === "heard") return <></>;
  const nowUs = store.secondUs.value === 0 ? wallMs() * 1_000 : store.secondUs.value;
  return (
    <section class="panel silence" aria-labelledby="silence">
      <h2 id="silence">{titleWords(value)}</h2>
      <p>{toDoWords(value)}</p>
      <h3 id="silence-clues">{saySilence("clues")}</h3>
      <ul class="silence-clues" aria-labelledby="silence-clues">
        {value.clues.map((clue) => (
          <li key={clue.kind}>{clueWords(clue, value.plant, nowUs)}</li>
        ))}
      </ul>
    </section>
  );
}
