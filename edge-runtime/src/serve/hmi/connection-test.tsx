/** H7: has the gateway try its way to the hub, and shows what it found on each step. */
import { Button, hrefOf, numberWords } from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { ConnectionAnswer } from "../page-answers.ts";
import { sayConnection } from "./connection-messages.ts";
import { Facts, type Fact } from "./facts.tsx";
import { act, mayAct } from "./people.ts";

interface Said {
  readonly words: string;
  readonly found?: ConnectionAnswer;
}

export function ConnectionTest(): JSX.Element {
  const [runs, setRuns] = useState(false);
  const [said, setSaid] = useState<Said>();
  const run = (): void => {
    if (runs) return;
    setRuns(true);
    setSaid({ words: sayConnection("tests") });
    void act("/api/connection/test", {}).then(({ ok, status, json, reason }) => {
      setRuns(false);
      setSaid(
        ok
          ? toSaid(json as unknown as ConnectionAnswer)
          : { words: status === 0 ? sayConnection("no-answer") : reason },
      );
    });
  };
  return (
    <div class="facts-note">
      {mayAct("technician") ? (
        <Button label={sayConnection("test")} pressed={runs} onPress={run} />
      ) : (
        <a class="button" href={hrefOf("sign-in")}>
          {sayConnection("sign-in-first")}
        </a>
      )}
      <div role="status">
        {said?.found !== undefined && <Facts facts={said.found.steps.map(toFact)} />}
        {said !== undefined && (
          <p>
            <strong>{said.words}</strong>
          </p>
        )}
      </div>
    </div>
  );
}

function toSaid(found: ConnectionAnswer): Said {
  return { found, words: found.hint ?? sayConnection("all-passed") };
}

function toFact({ step, outcome, found, tookMs }: ConnectionAnswer["steps"][number]): Fact {
  const time = numberWords(tookMs, tookMs < 10 ? 1 : 0);
  return [sayConnection(step), sayConnection(outcome, { found, time })];
}
