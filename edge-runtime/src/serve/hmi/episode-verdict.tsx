/** What a person makes of an episode, with two taps: the first asks, the second answers, and never in the same place. */
import { Button, hrefOf } from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Episode } from "../../hand-over.ts";
import { sayEpisode } from "./episode-messages.ts";
import { act, mayAct } from "./people.ts";

const verdicts = ["confirmed", "false", "unknown"] as const;
const reasons = ["repair", "sensor-change", "calibration"] as const;

export function EpisodeVerdict(props: {
  readonly episode: Episode;
  readonly onJudged: () => void;
}): JSX.Element {
  const { id, asset, event } = props.episode;
  const [asks, setAsks] = useState<"verdict" | "anew">();
  const [said, setSaid] = useState("");
  const send = (path: string, body: unknown): void => {
    setAsks(undefined);
    setSaid(sayEpisode("verdict.sending"));
    void act(path, body).then(({ ok, status, reason }) => {
      if (ok) setSaid("");
      else if (status === 0) setSaid(sayEpisode("verdict.no-answer"));
      else setSaid(sayEpisode("verdict.refused", { reason }));
      props.onJudged();
    });
  };
  return (
    <div class="verdict">
      <p class="verdict-is">
        {sayEpisode(`verdict.is.${event.verdict}`, { person: event.person ?? "" })}
      </p>
      {!mayAct("technician") ? (
        <a class="button" href={hrefOf("sign-in")}>
          {sayEpisode("sign-in")}
        </a>
      ) : asks === undefined ? (
        <div class="button-row">
          <Button
            label={sayEpisode(event.verdict === "open" ? "verdict.ask" : "verdict.change")}
            onPress={() => setAsks("verdict")}
          />
          {event.verdict === "confirmed" && (
            <Button label={sayEpisode("anew.ask")} onPress={() => setAsks("anew")} />
          )}
        </div>
      ) : (
        <fieldset class="verdict-choices">
          <legend>{sayEpisode(asks === "verdict" ? "verdict.question" : "anew.question")}</legend>
          <div class="button-row">
            <Button label={sayEpisode("verdict.back")} onPress={() => setAsks(undefined)} />
            {asks === "verdict"
              ? verdicts.map((verdict) => (
                  <Button
                    key={verdict}
                    label={sayEpisode(`verdict.${verdict}`)}
                    onPress={() => send("/api/episodes/verdict", { episode: id, verdict })}
                  />
                ))
              : reasons.map((reason) => (
                  <Button
                    key={reason}
                    label={sayEpisode(`anew.${reason}`)}
                    onPress={() => send("/api/assets/learn-anew", { asset, reason })}
                  />
                ))}
          </div>
        </fieldset>
      )}
      <p class="verdict-said" role="status">
        {said}
      </p>
    </div>
  );
}
