/** What the gateway's own disk holds, and what a power cut would cost. */
import {
  countWords,
  intervalWords,
  numberWords,
  quantityWords,
  type Resource,
} from "@millwright/ui-kit";
import type { GatewayCounters, GatewayPage } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { Facts, type Fact } from "./facts.tsx";
import { say } from "./messages.ts";
import { roomWords, type BufferView } from "./outage-panel.tsx";

const bytes = { unit: "By", decimals: 0 };

export function DiskPanel(props: {
  readonly page: GatewayPage;
  readonly counters: Resource<GatewayCounters>;
  readonly buffer: Resource<BufferView>;
}): JSX.Element {
  const { page, counters } = props;
  const journal = counters.value?.journal;
  const buffer = props.buffer.value;
  const facts: readonly Fact[] = [
    ...(page.commitEveryMs === undefined
      ? []
      : [
          [
            say("gateway.commit"),
            say("gateway.commit.words", { time: intervalWords(page.commitEveryMs) }),
          ] as const,
        ]),
    ...(buffer === undefined ? [] : [[say("gateway.room"), roomWords(buffer)] as const]),
    ...(journal === undefined ? [] : journalFacts(journal)),
  ];
  return (
    <section class="panel">
      <h2>{say("gateway.disk")}</h2>
      {journal?.full === true && (
        <p class="facts-note">
          <strong>{say("gateway.journal.full")}</strong>
        </p>
      )}
      <Facts facts={facts} />
    </section>
  );
}

function journalFacts(journal: GatewayCounters["journal"]): readonly Fact[] {
  return [
    [
      say("gateway.journal"),
      say("gateway.journal.words", {
        used: quantityWords(bytes, journal.journalBytes),
        room: quantityWords(bytes, journal.bytesMax),
        share: numberWords((100 * journal.journalBytes) / journal.bytesMax, 0),
      }),
    ],
    [say("gateway.kept"), countWords(journal.sent)],
    [say("gateway.refused"), countWords(journal.dropped)],
    [
      say("gateway.commit-time"),
      say("gateway.commit-time.words", {
        usual: numberWords(journal.commitP50Ms, 0),
        slow: numberWords(journal.commitP99Ms, 0),
      }),
    ],
    [say("gateway.written"), quantityWords(bytes, journal.bytesWritten)],
  ];
}
