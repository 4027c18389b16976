/** H5: what may be written here, what blocks it and why, and what became of the last writes. */
import {
  clockWords,
  Conditions,
  FailedState,
  hrefOf,
  Indicator,
  Skeleton,
  valueWords,
  unitWords,
  WriteFlow,
  boundsWords,
  type ConditionLine,
  type EntryBounds,
  type LiveStore,
  type PageClock,
  type WriteValue,
} from "@millwright/ui-kit";
import type { GatewayPage, LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { ConditionView, RuleRow } from "../../hand-over.ts";
import type { CommandsAnswer, GrantRow, InterlockRow, RecentWrite } from "../page-answers.ts";
import "./control.css";
import { sayControl } from "./control-messages.ts";
import { ask, controlFailedMs, controlView, followControl, ruleRows } from "./control-view.ts";
import { mayAct, peopleView } from "./people.ts";
import { heardOf, newKey, sendWrite } from "./send-write.ts";

export interface ControlScreenProps {
  readonly store: LiveStore;
  readonly page: GatewayPage;
  readonly clock: PageClock;
  /** `control`, or `control/<tag>` while one is changed. */
  readonly place: readonly string[];
}

export function ControlScreen(props: ControlScreenProps): JSX.Element {
  const { store, clock, page, place } = props;
  useEffect(() => followControl(store, clock), [store, clock]);
  const view = controlView.value;
  const failedMs = controlFailedMs.value;
  if (view === undefined) {
    if (failedMs === undefined) return <Skeleton height="24rem" />;
    return (
      <FailedState what={sayControl("failed")} sinceMs={failedMs} onRetry={() => void ask(clock)} />
    );
  }
  const tagOf = (id: string): LiveTag | undefined => page.tags.find((tag) => tag.id === id);
  const chosen = view.grants.find(({ tag }) => tag === place[1]);
  const tag = chosen === undefined ? undefined : tagOf(chosen.tag);
  if (chosen !== undefined && tag !== undefined) {
    return <Change key={tag.id} {...props} view={view} grant={chosen} tag={tag} tagOf={tagOf} />;
  }
  return (
    <>
      <h1>{sayControl("title")}</h1>
      <p class="control-note">{sayControl("supervisory")}</p>
      <SignInNote store={store} />
      <Setpoints store={store} view={view} tagOf={tagOf} />
      <Interlocks rows={view.interlocks} tagOf={tagOf} />
      {ruleRows.value.length > 0 && <Rules rows={ruleRows.value} />}
      {view.safetyTags.length > 0 && (
        <section class="panel">
          <h2>{sayControl("safety")}</h2>
          <ul class="rows">
            {view.safetyTags
              .flatMap((id) => tagOf(id) ?? [])
              .map((each) => (
                <li key={each.id}>
                  <Indicator store={store} tag={each} decimalsMax={each.decimals} />
                </li>
              ))}
          </ul>
        </section>
      )}
      <Recent rows={view.recent} tagOf={tagOf} />
    </>
  );
}

type TagOf = (id: string) => LiveTag | undefined;

/** Why nobody can write here now, said once above all that cannot be pressed. */
function SignInNote({ store }: { readonly store: LiveStore }): JSX.Element {
  const lost = store.lost.value;
  const nobody = peopleView.value?.you === undefined;
  if (!lost && !nobody) return <></>;
  return (
    <p class="control-why" role="status">
      <span>{sayControl(lost ? "act.why.lost" : "act.why.nobody")}</span>
      {!lost && (
        <a class="button" href={hrefOf("sign-in")}>
          {sayControl("act.sign-in")}
        </a>
      )}
    </p>
  );
}

/** Why this one cannot be written from here now; "" when it can. Reads signals. */
function whyNot(grant: GrantRow, store: LiveStore): string {
  if (store.lost.value) return sayControl("act.why.lost");
  if (!grant.origins.includes("hmi")) {
    return sayControl("act.why.origin", { who: grantedTo(grant) });
  }
  if (peopleView.value?.you === undefined) return sayControl("act.why.nobody");
  if (!mayAct(grant.role)) return sayControl("act.why.role", { role: grant.role });
  if (grant.blocked !== undefined) return sayControl("act.why.blocked", { reason: grant.blocked });
  return "";
}

function Setpoints(props: {
  readonly store: LiveStore;
  readonly view: CommandsAnswer;
  readonly tagOf: TagOf;
}): JSX.Element {
  const { store, view, tagOf } = props;
  return (
    <section class="panel">
      <h2>{sayControl("setpoints")}</h2>
      {view.grants.length === 0 && <p>{sayControl("setpoints.none")}</p>}
      <ul class="control-list">
        {view.grants.map((grant) => {
          const tag = tagOf(grant.tag);
          if (tag === undefined) return undefined;
          const why = whyNot(grant, store);
          return (
            <li key={grant.tag} class="control-row">
              <div class="control-value">
                <Indicator store={store} tag={tag} decimalsMax={tag.decimals} />
                <p class="control-facts">{grantWords(grant, tag)}</p>
                <p class="control-blocked">{why}</p>
              </div>
              <button
                type="button"
                class="button control-change"
                aria-label={sayControl("change.of", { name: tag.name })}
                aria-disabled={why !== ""}
                onClick={() => {
                  if (why === "") location.hash = hrefOf("control", tag.id);
                }}
              >
                {sayControl("change")}
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Change(
  props: ControlScreenProps & {
    readonly view: CommandsAnswer;
    readonly grant: GrantRow;
    readonly tag: LiveTag;
    readonly tagOf: TagOf;
  },
): JSX.Element {
  const { store, clock, view, grant, tag, tagOf } = props;
  const [key, setKey] = useState("");
  const state = store.view(tag).state;
  const live = store.value(tag.id).value?.v;
  const present = state === "good" && live !== null ? live : undefined;
  const shown = (value: WriteValue): string => shownValue(value, tag);
  const heard = view.recent.find((each) => each.key === key);
  const blocking = view.interlocks.filter(({ blocks }) => blocks.includes(tag.name));
  return (
    <WriteFlow
      name={tag.name}
      bounds={boundsOf(grant)}
      choices={choicesOf(tag)}
      present={present}
      shown={shown}
      conditions={blocking.flatMap(({ conditions }) =>
        conditions.map((each) => lineOf(each, tagOf)),
      )}
      dryRun={grant.dryRun}
      disabled={whyNot(grant, store)}
      lost={store.lost.value}
      heard={heard === undefined ? undefined : heardOf(heard, shownJson(tag))}
      onSend={(order) => {
        setKey(order.key);
        return sendWrite(tag.id, order, shownJson(tag));
      }}
      onClose={() => {
        location.hash = hrefOf("control");
      }}
      newKey={newKey}
      clock={clock}
    />
  );
}

function Interlocks(props: {
  readonly rows: readonly InterlockRow[];
  readonly tagOf: TagOf;
}): JSX.Element {
  return (
    <section class="panel">
      <h2>{sayControl("interlocks")}</h2>
      {props.rows.length === 0 && <p>{sayControl("interlocks.none")}</p>}
      <ul class="control-list">
        {props.rows.map(({ id, name, holds, blocks, conditions }) => (
          <li key={id} class="control-interlock">
            <h3>
              {sayControl("interlock.title", { name, id })}
              <span class="control-state" data-holds={holds}>
                {sayControl(holds ? "interlock.holds" : "interlock.blocks")}
              </span>
            </h3>
            {blocks.length > 0 && (
              <p class="control-facts">
                {sayControl("interlock.for", { what: blocks.join(", ") })}
              </p>
            )}
            <Conditions lines={conditions.map((each) => lineOf(each, props.tagOf))} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Rules(props: { readonly rows: readonly RuleRow[] }): JSX.Element {
  return (
    <section class="panel">
      <h2>{sayControl("rules")}</h2>
      <ul class="control-list">
        {props.rows.map((rule) => (
          <li key={rule.id} class="control-interlock">
            <h3>
              {rule.title}
              <span class="control-state" data-holds={!rule.fired}>
                {ruleState(rule)}
              </span>
            </h3>
            <p class="control-facts">{`${rule.when}: ${rule.then}`}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ruleState({ paused, truth, fired }: RuleRow): string {
  if (paused !== undefined) return sayControl("rule.paused", { person: paused.person });
  if (truth === "unknown") return sayControl("rule.unknown");
  return sayControl(fired ? "rule.fired" : "rule.waiting");
}

function Recent(props: {
  readonly rows: readonly RecentWrite[];
  readonly tagOf: TagOf;
}): JSX.Element {
  return (
    <section class="panel">
      <h2>{sayControl("recent")}</h2>
      {props.rows.length === 0 && <p>{sayControl("recent.none")}</p>}
      <ul class="control-recent">
        {props.rows.map(({ key, atUs, name, event }) => {
          const tag = props.tagOf(event.tag);
          const shown = tag === undefined ? String : shownJson(tag);
          const value = shown(event.value);
          return (
            <li key={key}>
              <span class="control-time">{clockWords(atUs)}</span>
              <span>
                {event.before === undefined
                  ? sayControl("recent.line", { name, value })
                  : sayControl("recent.change", { name, old: shown(event.before), new: value })}
              </span>
              <strong>{sayControl(`outcome.${event.outcome}`)}</strong>
              <span>{sayControl(`recent.by.${event.origin.kind}`, { who: event.origin.who })}</span>
              {event.reason !== undefined && <span>{event.reason}</span>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function boundsOf({ low, high, stepMax, resolution }: GrantRow): EntryBounds {
  return {
    low: low ?? -Infinity,
    high: high ?? Infinity,
    stepMax: stepMax ?? Infinity,
    resolution,
  };
}

/** What is granted, in one line. */
function grantWords(grant: GrantRow, tag: LiveTag): string {
  const shown = (value: WriteValue): string => shownValue(value, tag);
  const { changePerMinuteMax, mode } = grant;
  return [
    boundsWords(boundsOf(grant), shown),
    changePerMinuteMax === null
      ? ""
      : sayControl("grant.rate", { change: shown(changePerMinuteMax) }),
    sayControl("grant.to", { who: grantedTo(grant) }),
    mode === undefined ? "" : sayControl("grant.mode", { mode }),
    sayControl(`grant.read-back.${grant.readBack}`),
    grant.dryRun ? sayControl("grant.dry") : "",
  ]
    .filter((part) => part !== "")
    .join("; ");
}

function grantedTo({ origins, rule }: GrantRow): string {
  return origins
    .map((origin) => {
      if (origin === "hmi") return sayControl("grant.people");
      return origin === "hub"
        ? sayControl("grant.hub")
        : sayControl("grant.rule", { rule: rule ?? "" });
    })
    .join(", ");
}

function choicesOf(tag: LiveTag): readonly { value: WriteValue; label: string }[] {
  if (tag.type === "bool") {
    return [true, false].map((value) => ({ value, label: shownValue(value, tag) }));
  }
  if (tag.type !== "enum") return [];
  return Object.entries(tag.texts).map(([number, label]) => ({ value: Number(number), label }));
}

function lineOf(condition: ConditionView, tagOf: TagOf): ConditionLine {
  const { state, words, tag: id, value, required = "", why = "", interlock } = condition;
  const tag = id === undefined ? undefined : tagOf(id);
  const name = tag?.name ?? id ?? interlock?.name ?? "";
  return {
    state,
    // The words of a condition say what is wrong when it does not hold.
    words: state === "met" ? name : words,
    facts:
      interlock !== undefined
        ? sayControl(interlock.holds ? "interlock.holds" : "interlock.blocks")
        : state === "unknown"
          ? sayControl("condition.unknown", { name, why })
          : sayControl("condition.facts", {
              name,
              value: tag === undefined || value === undefined ? "" : shownJson(tag)(value),
              required,
            }),
    behind: (interlock?.conditions ?? []).map((each) => lineOf(each, tagOf)),
  };
}

function shownJson(tag: LiveTag): (value: WriteValue | null) => string {
  return (value) => (value === null ? sayControl("condition.none") : shownValue(value, tag));
}

function shownValue(value: WriteValue, tag: LiveTag): string {
  const plain = typeof value === "string" ? value.replace(/^(-?\d+)n$/, "$1") : value;
  // A switch comes as 0 and 1 where it was looked at as a number.
  const of = tag.type === "bool" && typeof plain === "number" ? plain !== 0 : plain;
  return `${valueWords(tag, of)} ${unitWords(tag.unit)}`.trimEnd();
}
