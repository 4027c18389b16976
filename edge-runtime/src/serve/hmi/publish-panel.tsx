/** H7: who is told besides the hub, whether he hears it, and what waits for him. */
import {
  countWords,
  FailedState,
  fullTimeWords,
  loadJson,
  useResource,
  type PageClock,
} from "@millwright/ui-kit";
import type { JSX } from "preact";

import type { PublishAnswer } from "../page-answers.ts";
import { Facts, type Fact } from "./facts.tsx";
import { sayPublish } from "./publish-messages.ts";

/** Nothing where nobody is told. @param props.turn rises when it is to be asked anew */
export function PublishPanel(props: {
  readonly clock: PageClock;
  readonly turn: number;
}): JSX.Element | null {
  const found = useResource(
    `publish ${props.turn}`,
    (signal) => loadJson<PublishAnswer>("/api/publish", signal),
    () => props.clock.wallMs(),
  );
  if (found.value === undefined) {
    return found.failedMs === undefined ? null : (
      <FailedState what={sayPublish("failed")} sinceMs={found.failedMs} onRetry={found.retry} />
    );
  }
  const node = found.value.sparkplug;
  if (node === undefined) return null;
  return (
    <section class="panel">
      <h2>{sayPublish("title")}</h2>
      <Facts facts={nodeFacts(node)} />
      {node.lost > 0 && (
        <p class="facts-note">
          <strong>{sayPublish("lost.do")}</strong>
        </p>
      )}
    </section>
  );
}

function nodeFacts(node: NonNullable<PublishAnswer["sparkplug"]>): readonly Fact[] {
  const state = sayPublish(`state.${node.state}`);
  const host = node.primaryHost;
  return [
    [sayPublish("node"), node.node],
    [sayPublish("broker"), node.url],
    ...(host === undefined ? [] : [[sayPublish("host"), host] as const]),
    [sayPublish("state"), sayPublish("state.since", { state, time: fullTimeWords(node.sinceUs) })],
    ...(node.why === "" ? [] : [[sayPublish("why"), node.why] as const]),
    ...(node.hint === "" ? [] : [[sayPublish("hint"), node.hint] as const]),
    [sayPublish("tags"), countWords(node.tags)],
    [sayPublish("waiting"), countWords(node.waiting)],
    [sayPublish("delivered"), countWords(node.delivered)],
    [sayPublish("lost"), countWords(node.lost)],
    ...(node.refusedWrites === 0
      ? []
      : [[sayPublish("refused"), countWords(node.refusedWrites)] as const]),
  ];
}
