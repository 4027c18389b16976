/** What a write says on both pages, in English. */
import { english } from "../words/language.ts";
import { createVoice, type Say, type Voice } from "../words/say.ts";

const texts = {
  title: "Change {name}",
  close: "Close",
  "enter.value": "New value",
  "enter.range": "{low} to {high}",
  "enter.step": "at most {step} in one write",
  "enter.review": "Review",
  "enter.empty": "Type the new value.",
  "enter.no-number": "This is no number.",
  "enter.too-low": "Less than {low} is not granted.",
  "enter.too-high": "More than {high} is not granted.",
  "enter.too-far": "That is more than {step} away from {present}.",
  "enter.unknown": "The present value is not known, so nothing can be written over it.",
  "pad.label": "Digits",
  "pad.back": "Take the last digit away",
  "review.change": "{old} becomes {new}",
  "review.moved": "The value has changed: {present} now. Go back and look again.",
  "review.effect": "The gateway writes to the machine at once and reads it back.",
  "review.dry": "Dry run: everything is checked, and nothing is written.",
  "review.interlocks": "What must hold for it",
  "review.no-interlocks": "No interlock looks at this value.",
  "review.back": "Change the value",
  "review.confirm": "Confirm",
  "value.on": "On",
  "value.off": "Off",
  "end.sent": "Sent",
  "end.accepted": "Accepted by the gateway. Waiting for the read-back.",
  "end.accepted-final": "Accepted. Nothing is read back of this value.",
  "end.confirmed": "Confirmed by read-back: {value}",
  "end.refused": "Refused: {reason}",
  "end.expired": "Not sent: {reason}",
  "end.unknown": "Unknown. Check the machine.",
  "end.unknown.why": "{reason}",
  "end.unconfirmed": "Not confirmed: {reason}. Check the machine.",
  "end.dry-run": "Dry run: everything would have been let through.",
  "end.no-answer": "Unknown. Check the machine. The gateway did not answer.",
  "end.read-again": "Read again",
  "end.again": "Change it again",
} as const;

export type WriteText = keyof typeof texts;

const voice: Voice<WriteText> = createVoice({ language: english, texts });
export const sayWrite: Say<WriteText> = voice.say;
