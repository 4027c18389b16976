/** A rehearsal: what would an outage of the hub do, at the rates of now? Nothing is done; it is reckoned. */
import {
  Button,
  durationWords,
  FailedState,
  loadJson,
  quantityWords,
  useResource,
  type PageClock,
} from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { BufferAnswer } from "../page-answers.ts";
import { say } from "./messages.ts";

/** A night, a weekend, a fortnight of holidays: what people ask about. */
const outagesHours = [12, 48, 336] as const;

export function OutagePanel(props: { readonly clock: PageClock }): JSX.Element {
  const [hours, setHours] = useState<number>(outagesHours[1]);
  const found = useResource(
    `outage ${hours}`,
    (signal) => loadJson<BufferAnswer>(`/api/buffer?outageHours=${hours}`, signal),
    () => props.clock.wallMs(),
  );
  return (
    <section class="panel">
      <h2>{say("outage.title")}</h2>
      <div class="button-row" role="group" aria-label={say("outage.choose")}>
        {outagesHours.map((one) => (
          <Button
            key={one}
            label={durationWords(one * 3_600_000)}
            pressed={one === hours}
            onPress={() => setHours(one)}
          />
        ))}
      </div>
      {found.failedMs !== undefined && (
        <FailedState what={say("outage.failed")} sinceMs={found.failedMs} onRetry={found.retry} />
      )}
      <p class="outage-words" role="status">
        {found.value === undefined ? say("outage.reckons") : outageWords(found.value)}
      </p>
    </section>
  );
}

/** `161 h at this rate; from 153 h on older history is thinned`, in the words of the panel. */
export function roomWords({ thinsInS, shedsInS }: BufferAnswer): string {
  if (shedsInS === null) return say("room.no-growth");
  const room = durationWords(shedsInS * 1_000);
  if (thinsInS === null || thinsInS >= shedsInS) return say("room.words", { room });
  if (thinsInS === 0) return say("room.thins-now", { room });
  const thins = durationWords(thinsInS * 1_000);
  // From three days on whole days are said: "6 d; after 6 d" would contradict itself.
  return thins === room ? say("room.thins-last", { room }) : say("room.thins", { room, thins });
}

export function outageWords({ outageS, thinnedBytes, shedS, refusedS }: BufferAnswer): string {
  const outage = durationWords(outageS * 1_000);
  const thinned = quantityWords({ unit: "By", decimals: 0 }, thinnedBytes);
  if (refusedS > 0) {
    return say("outage.refuses", { outage, thinned, refused: durationWords(refusedS * 1_000) });
  }
  if (shedS > 0) {
    return say("outage.sheds", { outage, thinned, shed: durationWords(shedS * 1_000) });
  }
  return thinnedBytes > 0
    ? say("outage.thins", { outage, thinned })
    : say("outage.fits", { outage });
}
