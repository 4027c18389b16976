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

import type { BufferAnswer } from "../page-answers.ts";
import { Facts, type Fact } from "./facts.tsx";
import { say } from "./messages.ts";
import { roomWords } from "./outage-panel.tsx";

const bytes = { unit: "By", decimals: 0 };

export function DiskPanel(props: {
  readonly page: GatewayPage;
  readonly counters: Resource<GatewayCounters>;
  readonly buffer: Resource<BufferAnswer>;
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
      {journal?.found !== undefined && <Damage found={journal.found} />}
      <Facts facts={facts} />
    </section>
  );
}

/** The disk has changed what was written: nothing is shown where it has not. */
function Damage(props: {
  readonly found: NonNullable<GatewayCounters["journal"]["found"]>;
}): JSX.Element | null {
  const { mendedPages, damagedPages, movedTo } = props.found;
  const words = damageWords(mendedPages.length, damagedPages.length, movedTo);
  if (words === undefined) return null;
  return (
    <p class="facts-note">
      <strong>{words}</strong> {say("gateway.damage.do")}
    </p>
  );
}

function damageWords(
  mended: number,
  damaged: number,
  movedTo: string | undefined,
): string | undefined {
  if (movedTo !== undefined) return say("gateway.damage.moved", { file: movedTo });
  if (damaged > 0) return say("gateway.damage.given-up", { pages: countWords(damaged) });
  return mended > 0 ? say("gateway.damage.mended", { pages: countWords(mended) }) : undefined;
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
