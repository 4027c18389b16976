/** The small forms of saved views: a name, who it is, and one act. What failed stays beside it until it is done or given up. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import {
  nameKeyOf,
  tidyName,
  viewNameMax,
  viewPersonMax,
  type SavedView,
  type ViewContent,
} from "../../saved-view.ts";
import { keepPerson, personNow } from "./person-name.ts";
import { deleteView, saveView, type ViewAnswer } from "./saved-view-door.ts";
import { saySaved } from "./saved-view-messages.ts";
import { failureWords, savedWords, timeOf } from "./saved-view-words.ts";

interface Ends {
  /** So many views may be saved. */
  readonly most: number;
  readonly onDone: (view: SavedView) => void;
  /** Nothing was done, or it is not known: the list is to be read anew. */
  readonly onFailed: () => void;
  readonly onClose: () => void;
}

export interface SaveFormProps extends Ends {
  /** As far as this person knows them: what is saved over is what was seen. */
  readonly views: readonly SavedView[];
  readonly name: string;
  /** What the chart shows by now; undefined while no value is chosen. */
  readonly content: () => ViewContent | undefined;
  /** What it shows, to say it in words. */
  readonly shown: ViewContent;
}

/** Saves what is shown, under a new name or over the view of that name. */
export function SaveForm(props: SaveFormProps): JSX.Element {
  const [known, setKnown] = useState(props.views);
  const [name, setName] = useState(props.name);
  const target = known.find((one) => nameKeyOf(one.name) === nameKeyOf(name));
  const time = timeOf(props.shown.chart);
  return (
    <ActForm
      {...props}
      label={saySaved("save.open")}
      act={
        target === undefined ? saySaved("form.save") : saySaved("form.over", { name: target.name })
      }
      whenGone={saySaved("refused.gone.save")}
      missing={() => {
        if (tidyName(name) === "") return saySaved("form.no-name");
        return props.content() === undefined ? saySaved("form.no-values") : "";
      }}
      send={async (person) => {
        const content = props.content() ?? props.shown;
        const answer = await saveView({ ...content, name: tidyName(name), person }, target);
        setKnown(asSeenSince(known, answer, target));
        return answer;
      }}
    >
      <TextField label={saySaved("form.name")} text={name} most={viewNameMax} onText={setName} />
      <p class="quiet">
        {saySaved(time.live ? "form.shows.live" : "form.shows.still", { time: time.words })}{" "}
        {target !== undefined && saySaved("form.taken", savedWords(target))}
      </p>
    </ActForm>
  );
}

/** The one that stood in the way has been seen now, and what was deleted is known to be gone. */
function asSeenSince(
  known: readonly SavedView[],
  answer: ViewAnswer,
  target: SavedView | undefined,
): readonly SavedView[] {
  if (!("failure" in answer)) return known;
  const { failure } = answer;
  if (failure.cause === "gone") return known.filter((one) => one !== target);
  if (failure.cause !== "taken" && failure.cause !== "changed") return known;
  return [...known.filter(({ id }) => id !== failure.view.id), failure.view];
}

/** Another name for what is saved; what it shows stays. */
export function RenameForm(props: Ends & { readonly view: SavedView }): JSX.Element {
  const [view, setView] = useState(props.view);
  const [name, setName] = useState(view.name);
  return (
    <ActForm
      {...props}
      label={saySaved("row.rename.reads", { name: view.name })}
      act={saySaved("rename.do")}
      missing={() => (tidyName(name) === "" ? saySaved("form.no-name") : "")}
      send={async (person) => {
        const { chart, tags } = view;
        const answer = await saveView({ name: tidyName(name), chart, tags, person }, view);
        setView(newestOf(view, answer));
        return answer;
      }}
    >
      <TextField
        label={saySaved("rename.name", { name: props.view.name })}
        text={name}
        most={viewNameMax}
        onText={setName}
      />
    </ActForm>
  );
}

export function DeleteForm(props: Ends & { readonly view: SavedView }): JSX.Element {
  const [view, setView] = useState(props.view);
  const { name } = view;
  return (
    <ActForm
      {...props}
      label={saySaved("row.delete.reads", { name })}
      act={saySaved("delete.do", { name })}
      cancel={saySaved("delete.keep")}
      why={saySaved("delete.person.why")}
      missing={() => ""}
      send={async (person) => {
        const answer = await deleteView(view, person);
        setView(newestOf(view, answer));
        return answer;
      }}
    >
      <p>{saySaved("delete.what", { name })}</p>
    </ActForm>
  );
}

/** What somebody else has saved meanwhile has been seen with the refusal. */
function newestOf(view: SavedView, answer: ViewAnswer): SavedView {
  const isChanged = "failure" in answer && answer.failure.cause === "changed";
  return isChanged ? answer.failure.view : view;
}

interface ActFormProps extends Ends {
  readonly label: string;
  readonly act: string;
  readonly cancel?: string;
  /** What becomes of the name of the person. */
  readonly why?: string;
  /** What to do where the view was deleted meanwhile. */
  readonly whenGone?: string;
  readonly children: ComponentChildren;
  /** What has to be written before, in words; "" when nothing has. */
  readonly missing: () => string;
  readonly send: (person: string) => Promise<ViewAnswer>;
}

function ActForm(props: ActFormProps): JSX.Element {
  const [person, setPerson] = useState(personNow);
  const [said, setSaid] = useState("");
  const form = useRef<HTMLFormElement>(null);
  /** Set at once, so that a second press before the next painting does nothing. */
  const sending = useRef(false);
  useEffect(() => {
    const own = form.current;
    const opener = document.activeElement;
    own?.querySelector<HTMLElement>("input, button")?.focus();
    return () => {
      // What was done may have led on already; a form that has gone leaves the keyboard nowhere.
      const { activeElement, body } = document;
      const isLeft = activeElement === body || own?.contains(activeElement) === true;
      if (isLeft && opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  const send = async (): Promise<void> => {
    const missing = props.missing();
    const words = missing === "" && tidyName(person) === "" ? saySaved("form.no-person") : missing;
    setSaid(words);
    if (words !== "" || sending.current) return;
    sending.current = true;
    keepPerson(tidyName(person));
    const answer = await props.send(tidyName(person));
    sending.current = false;
    if ("view" in answer) {
      props.onDone(answer.view);
      return;
    }
    const { failure } = answer;
    const advice = failure.cause === "gone" ? (props.whenGone ?? "") : "";
    setSaid(`${failureWords(failure, props.most)} ${advice}`.trimEnd());
    props.onFailed();
  };
  return (
    <form
      ref={form}
      class="saved-view-form"
      aria-label={props.label}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") props.onClose();
      }}
    >
      {props.children}
      <TextField
        label={saySaved("form.person")}
        text={person}
        most={viewPersonMax}
        onText={setPerson}
        complete="name"
      />
      <p class="quiet">{props.why ?? saySaved("form.person.why")}</p>
      <p class="saved-view-said" role="alert">
        {said}
      </p>
      <div class="button-row">
        <button type="button" class="button" onClick={props.onClose}>
          {props.cancel ?? saySaved("form.cancel")}
        </button>
        <button type="submit" class="button">
          {props.act}
        </button>
      </div>
    </form>
  );
}

function TextField(props: {
  readonly label: string;
  readonly text: string;
  readonly most: number;
  readonly onText: (text: string) => void;
  readonly complete?: "name";
}): JSX.Element {
  return (
    <label class="find">
      <span>{props.label}</span>
      <input
        type="text"
        autoComplete={props.complete ?? "off"}
        maxLength={props.most}
        value={props.text}
        onInput={({ currentTarget }) => props.onText(currentTarget.value)}
      />
    </label>
  );
}
