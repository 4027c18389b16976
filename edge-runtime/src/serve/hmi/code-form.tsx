import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { say } from "./messages.ts";
import { useCode } from "./people.ts";

/**
 * With a one-time code a person chooses a PIN. At a new gateway it is the first engineer, who says a name as well.
 *
 * @param first nobody has signed in here yet
 */
export function CodeForm(props: { readonly first: boolean }): JSX.Element {
  const [code, setCode] = useState("");
  const [name, setName] = useState("");
  const [pass, setPass] = useState("");
  const [again, setAgain] = useState("");
  const [said, setSaid] = useState("");
  const send = async (): Promise<void> => {
    if (pass !== again) {
      setSaid(say("people.not-same"));
      return;
    }
    setSaid("");
    const acted = await useCode(code, name, pass);
    if (!acted.ok) setSaid(acted.status === 0 ? say("people.no-answer") : acted.reason);
  };
  return (
    <form
      class="pass-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <p>{say(props.first ? "people.first" : "people.code-what")}</p>
      <Field label={say("people.code")} value={code} onText={setCode} complete="one-time-code" />
      {props.first && (
        <Field label={say("people.name")} value={name} onText={setName} complete="name" />
      )}
      <Field
        label={say("people.new-pin")}
        value={pass}
        onText={setPass}
        complete="new-password"
        secret
      />
      <Field
        label={say("people.new-pin-again")}
        value={again}
        onText={setAgain}
        complete="new-password"
        secret
      />
      <p class="sign-in-said" role="alert">
        {said}
      </p>
      <button type="submit" class="button primary">
        {say("people.set-and-sign-in")}
      </button>
    </form>
  );
}

function Field(props: {
  readonly label: string;
  readonly value: string;
  readonly onText: (text: string) => void;
  readonly complete: "one-time-code" | "name" | "new-password";
  readonly secret?: boolean;
}): JSX.Element {
  const common = {
    autoComplete: props.complete,
    value: props.value,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) =>
      props.onText(event.currentTarget.value),
  };
  return (
    <label class="field">
      <span>{props.label}</span>
      {props.secret === true ? (
        <input type="password" {...common} />
      ) : (
        <input type="text" {...common} />
      )}
    </label>
  );
}
