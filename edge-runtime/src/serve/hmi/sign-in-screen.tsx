/** H8: who are you? By name and PIN, by a badge that types, or by the one-time code of the gateway's terminal. */
import { Button, EmptyState, Skeleton, ThemeChoice } from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { AccessAnswer } from "../../hand-over.ts";
import { Back } from "./back.tsx";
import { CodeForm } from "./code-form.tsx";
import { DigitPad } from "./digit-pad.tsx";
import { say } from "./messages.ts";
import { peopleView, refreshPeople, signIn, type Acted } from "./people.ts";
import { useBadge } from "./use-badge.ts";

export interface SignInScreenProps {
  /** Where to go on when somebody has signed in. */
  readonly back: string;
}

export function SignInScreen(props: SignInScreenProps): JSX.Element {
  const view = peopleView.value;
  useEffect(() => {
    void refreshPeople();
  }, []);
  const signedIn = view?.you !== undefined;
  useEffect(() => {
    if (signedIn) location.hash = props.back;
  }, [signedIn, props.back]);
  return (
    <>
      <div class="screen-head">
        <Back href={props.back} />
        <h1>{say("people.sign-in")}</h1>
      </div>
      {view === undefined ? (
        <Skeleton height="24rem" />
      ) : view.refused !== undefined ? (
        <Refused refused={view.refused} />
      ) : (
        <Ways view={view} />
      )}
    </>
  );
}

/** On this road nobody signs in; why, and where people can (V11). */
function Refused(props: { readonly refused: NonNullable<AccessAnswer["refused"]> }): JSX.Element {
  const { reason, https } = props.refused;
  return (
    <EmptyState title={say("people.refused")}>
      <p role="alert">{reason}</p>
      {https !== undefined && (
        <>
          <a class="button" href={https}>
            {say("people.open-https", { address: https })}
          </a>
          <p>{say("people.https-first-time")}</p>
        </>
      )}
    </EmptyState>
  );
}

function Ways(props: { readonly view: AccessAnswer }): JSX.Element {
  const { people = [], isNew } = props.view;
  const [hasCode, setHasCode] = useState(people.length === 0);
  const [chosen, setChosen] = useState<string>();
  const [said, setSaid] = useState("");
  const answered = (acted: Acted): void => {
    setSaid(acted.ok ? "" : acted.status === 0 ? say("people.no-answer") : acted.reason);
  };
  useBadge((badge) => {
    void signIn({ badge }).then(answered);
  });
  const person = people.find(({ id }) => id === chosen);
  if (hasCode) {
    return (
      <section class="panel sign-in">
        <CodeForm first={isNew} />
        {isNew && <ThemeChoice />}
        {people.length > 0 && (
          <Button label={say("people.by-name")} onPress={() => setHasCode(false)} />
        )}
      </section>
    );
  }
  return (
    <section class="panel sign-in">
      <div>
        <h2 id="sign-in-who">{say("people.who")}</h2>
        <div class="people" role="group" aria-labelledby="sign-in-who">
          {people.map(({ id, name }) => (
            <Button
              key={id}
              label={name}
              pressed={id === chosen}
              onPress={() => {
                setChosen(id);
                setSaid("");
              }}
            />
          ))}
        </div>
        <Button label={say("people.have-code")} onPress={() => setHasCode(true)} />
      </div>
      {person === undefined ? (
        <p>{say("people.choose")}</p>
      ) : (
        <PassForm
          key={person.id}
          pin={person.pass === "pin"}
          name={person.name}
          onPass={async (pass) => {
            answered(await signIn({ person: person.id, pass }));
          }}
        />
      )}
      <p class="sign-in-said" role="alert">
        {said}
      </p>
    </section>
  );
}

function PassForm(props: {
  readonly pin: boolean;
  readonly name: string;
  readonly onPass: (pass: string) => Promise<void>;
}): JSX.Element {
  const [pass, setPass] = useState("");
  const [busy, setBusy] = useState(false);
  const send = (): void => {
    if (busy || pass === "") return;
    setBusy(true);
    // What did not fit is typed anew, not mended.
    void props.onPass(pass).finally(() => {
      setBusy(false);
      setPass("");
    });
  };
  return (
    <form
      class="pass-form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {/* For password managers; the name was chosen before. */}
      <input type="text" autoComplete="username" value={props.name} readOnly hidden />
      <label class="field">
        <span>
          {say(props.pin ? "people.pin-of" : "people.passphrase-of", { name: props.name })}
        </span>
        <input
          type="password"
          inputMode={props.pin ? "numeric" : "text"}
          autoComplete="current-password"
          value={pass}
          onInput={(event) => setPass(event.currentTarget.value)}
        />
      </label>
      {props.pin && (
        <DigitPad
          onDigit={(digit) => setPass((typed) => typed + digit)}
          onBack={() => setPass((typed) => typed.slice(0, -1))}
        />
      )}
      <button type="submit" class="button primary" aria-disabled={busy}>
        {say("people.sign-in")}
      </button>
    </form>
  );
}
