/** H7: one file for whoever helps, made by the gateway and kept where the person wants it. */
import { Button, hrefOf, saveFile } from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { DiagnosticsAnswer } from "../page-answers.ts";
import { say } from "./messages.ts";
import { act, mayAct } from "./people.ts";

export function DiagnosticsExport(): JSX.Element {
  const [runs, setRuns] = useState(false);
  const [said, setSaid] = useState("");
  const run = (): void => {
    if (runs) return;
    setRuns(true);
    setSaid(say("diagnostics.makes"));
    void act("/api/diagnostics", {}).then(({ ok, status, json, reason }) => {
      setRuns(false);
      if (!ok) {
        setSaid(status === 0 ? say("diagnostics.no-answer") : reason);
        return;
      }
      const { name, text } = json as unknown as DiagnosticsAnswer;
      saveFile(name, text, "application/json");
      setSaid(say("diagnostics.done", { name }));
    });
  };
  return (
    <div class="facts-note">
      {mayAct("engineer") ? (
        <Button label={say("diagnostics.export")} pressed={runs} onPress={run} />
      ) : (
        <a class="button" href={hrefOf("sign-in")}>
          {say("diagnostics.sign-in-first")}
        </a>
      )}
      <p role="status">{said}</p>
    </div>
  );
}
