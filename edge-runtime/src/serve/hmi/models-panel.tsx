/** H7: which model bundles run here, in which role, what they said last, and what keeps their process in. */
import {
  countWords,
  FailedState,
  fullTimeWords,
  loadJson,
  numberWords,
  useResource,
  type PageClock,
} from "@millwright/ui-kit";
import type { JSX } from "preact";

import type { ModelAssetRow, ModelRow } from "../../hand-over.ts";
import type { ModelsAnswer } from "../page-answers.ts";
import { Facts, type Fact } from "./facts.tsx";
import { sayModel } from "./model-messages.ts";

/** Nothing where no bundle is configured. @param props.turn rises when it is to be asked anew */
export function ModelsPanel(props: {
  readonly clock: PageClock;
  readonly turn: number;
}): JSX.Element | null {
  const found = useResource(
    `models ${props.turn}`,
    (signal) => loadJson<ModelsAnswer>("/api/models", signal),
    () => props.clock.wallMs(),
  );
  const view = found.value;
  if (view === undefined) {
    return found.failedMs === undefined ? null : (
      <FailedState what={sayModel("failed")} sinceMs={found.failedMs} onRetry={found.retry} />
    );
  }
  if (view.models.length === 0) return null;
  return (
    <section class="panel">
      <h2>{sayModel("title")}</h2>
      <Facts facts={[...view.models.flatMap(modelFacts), ...hostFacts(view)]} />
      {view.networkOpen === true && (
        <p class="facts-note">
          <strong>{sayModel("host.open")}</strong>
        </p>
      )}
    </section>
  );
}

function modelFacts(model: ModelRow): readonly Fact[] {
  const { bundle, version, role, state, note, latencyMs, assets } = model;
  const names = { role: sayModel(`role.${role}`), state: sayModel(`state.${state}`) };
  const words =
    latencyMs === undefined
      ? sayModel("row.words", names)
      : sayModel("row.latency", { ...names, ms: numberWords(latencyMs, 3) });
  // The first line of a refusal says enough here; the whole report stands among the events.
  const [first = ""] = note.split("\n");
  return [
    [
      `${bundle} ${version}`.trim(),
      first === "" ? words : sayModel("row.note", { words, note: first }),
    ],
    ...assets.map(
      (one) =>
        [sayModel("asset.name", { bundle, version, asset: one.asset }), assetWords(one)] as const,
    ),
  ];
}

function assetWords({ score, atUs, silence }: ModelAssetRow): string {
  if (silence !== "") return sayModel("asset.silent", { why: silence });
  if (score === undefined) return sayModel("asset.waits");
  return sayModel("asset.score", {
    score: numberWords(score, 2),
    time: fullTimeWords(atUs ?? 0),
  });
}

function hostFacts(view: ModelsAnswer): readonly Fact[] {
  const { isolation = "", residentBytes, restarts = 0, windowsLost = 0 } = view;
  return [
    [sayModel("host"), isolation],
    ...(residentBytes === undefined
      ? []
      : [
          [
            sayModel("memory"),
            sayModel("memory.words", {
              mebibytes: countWords(Math.round(residentBytes / 2 ** 20)),
            }),
          ] as const,
        ]),
    [sayModel("restarts"), countWords(restarts)],
    [sayModel("lost"), countWords(windowsLost)],
  ];
}
