/**
 * The one way in which a person changes something in a machine (ux-guide 6): enter, review old and new with what must hold,
 * confirm on the other side of the panel, and then what the gateway and the machine say of it.
 */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import type { PageClock } from "../live/page-clock.ts";
import { Conditions, type ConditionLine } from "./conditions.tsx";
import { NumberPad } from "./number-pad.tsx";
import {
  confirmAfterMs,
  nextWriteStep,
  readEntry,
  type EntryBounds,
  type WriteAnswer,
  type WriteMove,
  type WriteOrder,
  type WriteStep,
  type WriteValue,
} from "./write-steps.ts";
import { sayWrite } from "./write-words.ts";

export interface WriteFlowProps {
  readonly name: string;
  readonly bounds: EntryBounds;
  /** Values to choose from, for switches and states; numbers are typed where there are none. */
  readonly choices: readonly { readonly value: WriteValue; readonly label: string }[];
  /** What stands in the machine now; undefined while that is not known. */
  readonly present: WriteValue | undefined;
  /** A value as a person reads it, with its unit. */
  readonly shown: (value: WriteValue) => string;
  /** What must hold, each with its value. */
  readonly conditions: readonly ConditionLine[];
  readonly dryRun: boolean;
  /** Why nothing can be sent now; "" when it can. The link, the sign-in, an interlock. */
  readonly disabled: string;
  /** The link to the gateway is lost. */
  readonly lost: boolean;
  /** What was heard of the command under way, from the stream. */
  readonly heard: { readonly key: string; readonly answer: WriteAnswer } | undefined;
  /** Sends it, or asks what became of it: the same order again is the same command. Undefined: no answer. */
  readonly onSend: (order: WriteOrder) => Promise<WriteAnswer | undefined>;
  readonly onClose: () => void;
  readonly newKey: () => string;
  readonly clock: PageClock;
}

/** Then a person has to look at the machine (ux-guide 6). */
const answerWithinMs = 5_000;

export function WriteFlow(props: WriteFlowProps): JSX.Element {
  const { clock, lost, heard } = props;
  const [step, setStep] = useState<WriteStep>({ step: "enter", text: "" });
  const heading = useRef<HTMLHeadingElement>(null);
  const go = (move: WriteMove): void => setStep((now) => nextWriteStep(now, move));

  // With the paint of the step: later, it would take the field away from somebody who is already typing.
  useLayoutEffect(() => heading.current?.focus(), [step.step]);
  useEffect(() => {
    if (lost) go({ move: "lost" });
  }, [lost]);
  useEffect(() => {
    if (heard !== undefined) go({ move: "answer", ...heard });
  }, [heard?.key, heard?.answer.outcome, heard?.answer.final]);

  const send = (order: WriteOrder): void => {
    const { key } = order;
    setTimeout(() => go({ move: "no answer", key }), answerWithinMs);
    void props.onSend(order).then((answer) => {
      go(answer === undefined ? { move: "no answer", key } : { move: "answer", key, answer });
    });
  };
  const confirm = (): void => {
    const nowMs = clock.monotonicMs();
    const next = nextWriteStep(step, { move: "confirm", key: props.newKey(), nowMs });
    if (next.step !== "under way" || props.disabled !== "") return;
    setStep(next);
    send(next.order);
  };

  return (
    <section class="panel write-flow" aria-label={sayWrite("title", { name: props.name })}>
      <div class="write-head">
        <h2 ref={heading} tabIndex={-1}>
          {sayWrite("title", { name: props.name })}
        </h2>
        <button type="button" class="button" onClick={props.onClose}>
          {sayWrite("close")}
        </button>
      </div>
      {step.step === "enter" && <Enter {...props} text={step.text} onMove={go} />}
      {step.step === "review" && (
        <Review {...props} review={step} onBack={() => go({ move: "back" })} onConfirm={confirm} />
      )}
      {"order" in step && (
        <End
          {...props}
          step={step}
          onAgain={() => {
            setStep({ step: "enter", text: "" });
          }}
          onReadAgain={() => {
            go({ move: "ask again" });
            send(step.order);
          }}
        />
      )}
    </section>
  );
}

function Enter(
  props: WriteFlowProps & {
    readonly text: string;
    readonly onMove: (move: WriteMove) => void;
  },
): JSX.Element {
  const { text, bounds, present, shown, disabled, choices, onMove } = props;
  const [tried, setTried] = useState(false);
  const number = typeof present === "number" ? present : undefined;
  const read = readEntry(text, bounds, number);
  const problem =
    present === undefined
      ? sayWrite("enter.unknown")
      : "problem" in read && choices.length === 0
        ? problemWords(read.problem, bounds, shown, number)
        : "";
  const review = (value: WriteValue): void => {
    setTried(true);
    if (disabled !== "" || present === undefined) return;
    onMove({ move: "review", value, seen: present, nowMs: props.clock.monotonicMs() });
  };
  const typed = choices.length === 0;
  return (
    <form
      class="write-enter"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (typed && "value" in read) review(read.value);
      }}
    >
      <div class="write-typed">
        <p class="write-present">{present === undefined ? "" : shown(present)}</p>
        {typed ? (
          <label class="write-field">
            <span>{sayWrite("enter.value")}</span>
            <input
              type="text"
              inputMode="decimal"
              autocomplete="off"
              value={text}
              onInput={(event) => onMove({ move: "typed", text: event.currentTarget.value })}
            />
          </label>
        ) : (
          <div class="button-row">
            {choices
              .filter(({ value }) => value !== present)
              .map(({ value, label }) => (
                <button type="button" class="button" key={label} onClick={() => review(value)}>
                  {label}
                </button>
              ))}
          </div>
        )}
        <p>{boundsWords(bounds, shown)}</p>
        <p class="write-said" role="status">
          {disabled !== "" ? disabled : tried || text !== "" ? problem : ""}
        </p>
        {/* On this side; the confirmation stands on the other one. */}
        {typed && (
          <button
            type="submit"
            class="button write-primary"
            aria-disabled={disabled !== "" || problem !== ""}
          >
            {sayWrite("enter.review")}
          </button>
        )}
      </div>
      {typed && (
        <NumberPad
          signed={bounds.low < 0}
          onKey={(key) => onMove({ move: "typed", text: `${text}${key}`.slice(0, 24) })}
          onBack={() => onMove({ move: "typed", text: text.slice(0, -1) })}
        />
      )}
    </form>
  );
}

function Review(
  props: WriteFlowProps & {
    readonly review: Extract<WriteStep, { step: "review" }>;
    readonly onBack: () => void;
    readonly onConfirm: () => void;
  },
): JSX.Element {
  const { review, shown, present, conditions, disabled, clock } = props;
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const leftMs = review.atMs + confirmAfterMs - clock.monotonicMs();
    const timer = setTimeout(() => setReady(true), Math.max(0, leftMs));
    return () => clearTimeout(timer);
  }, [review, clock]);
  const moved = present !== review.seen;
  const why =
    disabled !== ""
      ? disabled
      : moved && present !== undefined
        ? sayWrite("review.moved", { present: shown(present) })
        : "";
  return (
    <div class="write-review">
      <p class="write-change">
        {sayWrite("review.change", { old: shown(review.seen), new: shown(review.value) })}
      </p>
      <p>{sayWrite(props.dryRun ? "review.dry" : "review.effect")}</p>
      <h3>{sayWrite("review.interlocks")}</h3>
      {conditions.length === 0 ? (
        <p>{sayWrite("review.no-interlocks")}</p>
      ) : (
        <Conditions lines={conditions} />
      )}
      <p class="write-said" role="status">
        {why}
      </p>
      <div class="write-sides">
        <button
          type="button"
          class="button"
          aria-disabled={!ready}
          onClick={() => {
            if (ready) props.onBack();
          }}
        >
          {sayWrite("review.back")}
        </button>
        <button
          type="button"
          class="button write-primary"
          aria-disabled={!ready || disabled !== ""}
          onClick={() => {
            if (ready) props.onConfirm();
          }}
        >
          {sayWrite("review.confirm")}
        </button>
      </div>
    </div>
  );
}

function End(
  props: WriteFlowProps & {
    readonly step: Extract<WriteStep, { readonly order: WriteOrder }>;
    readonly onAgain: () => void;
    readonly onReadAgain: () => void;
  },
): JSX.Element {
  const { step, shown } = props;
  const asking = step.step === "unanswered";
  return (
    <div class="write-end">
      <p class="write-change">
        {sayWrite("review.change", { old: shown(step.order.seen), new: shown(step.order.value) })}
      </p>
      <p class="write-word" role="status" data-outcome={outcomeOf(step)}>
        {endWords(step, shown)}
      </p>
      <div class="button-row">
        {asking && (
          <button type="button" class="button" onClick={props.onReadAgain}>
            {sayWrite("end.read-again")}
          </button>
        )}
        {step.step === "ended" && (
          <button type="button" class="button" onClick={props.onAgain}>
            {sayWrite("end.again")}
          </button>
        )}
      </div>
    </div>
  );
}

function outcomeOf(step: Extract<WriteStep, { readonly order: WriteOrder }>): string {
  if (step.step === "unanswered") return "unanswered";
  return step.answer?.outcome ?? "sent";
}

function endWords(
  step: Extract<WriteStep, { readonly order: WriteOrder }>,
  shown: (value: WriteValue) => string,
): string {
  if (step.step === "unanswered") return sayWrite("end.no-answer");
  const { answer, order } = step;
  const reason = answer?.reason ?? "";
  switch (answer?.outcome) {
    case undefined:
    case "sent":
      return sayWrite("end.sent");
    case "accepted":
      return sayWrite(answer.final ? "end.accepted-final" : "end.accepted");
    case "confirmed":
      return sayWrite("end.confirmed", { value: answer.readBack ?? shown(order.value) });
    case "refused":
      return sayWrite("end.refused", { reason });
    case "expired":
      return sayWrite("end.expired", { reason });
    case "unknown":
      return `${sayWrite("end.unknown")} ${sayWrite("end.unknown.why", { reason })}`;
    case "unconfirmed":
      return sayWrite("end.unconfirmed", { reason });
    case "dry-run":
      return sayWrite("end.dry-run");
  }
}

function problemWords(
  problem: "empty" | "no number" | "too low" | "too high" | "too far",
  { low, high, stepMax }: EntryBounds,
  shown: (value: WriteValue) => string,
  present: number | undefined,
): string {
  switch (problem) {
    case "empty":
      return sayWrite("enter.empty");
    case "no number":
      return sayWrite("enter.no-number");
    case "too low":
      return sayWrite("enter.too-low", { low: shown(low) });
    case "too high":
      return sayWrite("enter.too-high", { high: shown(high) });
    case "too far":
      return sayWrite("enter.too-far", { step: shown(stepMax), present: shown(present ?? NaN) });
  }
}

/** What is granted, in one line: "50 % to 120 %, at most 40 % in one write". */
export function boundsWords(
  { low, high, stepMax }: EntryBounds,
  shown: (value: WriteValue) => string,
): string {
  const parts = [
    ...(Number.isFinite(low) && Number.isFinite(high)
      ? [sayWrite("enter.range", { low: shown(low), high: shown(high) })]
      : []),
    ...(Number.isFinite(stepMax) ? [sayWrite("enter.step", { step: shown(stepMax) })] : []),
  ];
  return parts.join(", ");
}
