/** H7: who is signed in, whether the audit book is whole, and what was done last. */
import {
  Button,
  FailedState,
  fullTimeWords,
  loadJson,
  useResource,
  type PageClock,
} from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { AccessAnswer, AuditAnswer } from "../../hand-over.ts";
import { Facts, type Fact } from "./facts.tsx";
import { say, sayCount } from "./messages.ts";
import { act, mayAct, peopleView, refreshPeople } from "./people.ts";
import { useBadge } from "./use-badge.ts";

export function PeoplePanel(props: { readonly clock: PageClock }): JSX.Element | null {
  const view = peopleView.value;
  const [open, setOpen] = useState(false);
  if (view === undefined) return null;
  const { verified, thumbprint, you } = view;
  const facts: readonly Fact[] = [
    [
      say("people.audit"),
      verified === undefined ? say("people.audit.not-yet") : bookWords(verified),
    ],
    ...(thumbprint === undefined ? [] : [[say("people.thumbprint"), thumbprint] as const]),
    ...(you === undefined
      ? []
      : [
          [say("people.badge"), say(you.badge ? "people.badge.set" : "people.badge.none")] as const,
        ]),
  ];
  return (
    <section class="panel">
      <h2>{say("people.title")}</h2>
      <Facts facts={facts} />
      {verified !== undefined && verified.earlier > 0 && (
        <p class="facts-note">{sayCount("people.audit.earlier", verified.earlier)}</p>
      )}
      {you !== undefined && <BadgeOf />}
      {mayAct("supervisor") ? (
        <Button
          label={say(open ? "people.audit.hide" : "people.audit.show")}
          onPress={() => setOpen(!open)}
        />
      ) : (
        <p class="facts-note">{say("people.audit.readers")}</p>
      )}
      {open && mayAct("supervisor") && <Entries clock={props.clock} />}
    </section>
  );
}

function bookWords({ atUs, entries, broken }: NonNullable<AccessAnswer["verified"]>): string {
  const time = fullTimeWords(atUs);
  return broken === undefined
    ? say("people.audit.verified", { time, entries: String(entries) })
    : say("people.audit.broken", { time, what: broken.what });
}

/** Whoever is signed in shows the badge that is to sign in from now on. */
function BadgeOf(): JSX.Element {
  const [waits, setWaits] = useState(false);
  const [said, setSaid] = useState("");
  useBadge((badge) => {
    if (!waits) return;
    setWaits(false);
    void act("/api/access/badge", { badge }).then(async ({ ok, reason }) => {
      setSaid(ok ? say("people.badge.done") : reason);
      await refreshPeople();
    });
  });
  return (
    <div class="facts-note">
      <Button
        label={say("people.badge.learn")}
        pressed={waits}
        onPress={() => {
          setSaid("");
          setWaits(!waits);
        }}
      />
      <p role="status">{waits ? say("people.badge.hold") : said}</p>
    </div>
  );
}

function Entries(props: { readonly clock: PageClock }): JSX.Element {
  const asked = useResource(
    "audit",
    (signal) => loadJson<AuditAnswer>("/api/access/audit", signal),
    () => props.clock.wallMs(),
  );
  if (asked.failedMs !== undefined) {
    return (
      <FailedState
        what={say("people.audit.failed")}
        sinceMs={asked.failedMs}
        onRetry={asked.retry}
      />
    );
  }
  const entries = asked.value?.entries ?? [];
  return (
    <div class="audit-scroll" tabIndex={0} role="region" aria-label={say("people.audit.caption")}>
      <table class="audit">
        <caption>{say("people.audit.caption")}</caption>
        <thead>
          <tr>
            {(["when", "person", "act", "change", "result"] as const).map((column) => (
              <th key={column} scope="col">
                {say(`people.audit.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.index}>
              <td>{fullTimeWords(entry.atUs)}</td>
              <td>
                {entry.person}, {entry.device}
              </td>
              <td>
                {entry.act} {entry.object}
              </td>
              <td>{[entry.before, entry.after].filter((one) => one !== undefined).join(" → ")}</td>
              <td>{[entry.result, entry.why, entry.reason].filter(isSaid).join(": ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function isSaid(text: string | undefined): boolean {
  return text !== undefined && text !== "";
}
