/** What the screen of models says, in English. It comes with that screen. */
import { createVoice, english, type Say, type Voice } from "@millwright/ui-kit";

const texts = {
  title: "Models",
  failed: "The hub did not say which models there are.",
  none: "No gateway has told of a model",
  "none.what":
    "Bundles are named in the settings of a gateway, under models. What happens to them there is told here.",
  range: "From the newest {count} events of models and of episodes.",
  "column.bundle": "Bundle",
  "column.where": "Runs on",
  "column.shadow": "Shadow against service",
  "column.drift": "Drift",
  "column.called": "Called, and what people said",
  "role.live": "live",
  "role.shadow": "shadow",
  "role.canary": "canary",
  "what.loaded": "in service since {time}",
  "what.swapped": "in service since {time}",
  "what.returned": "back in service since {time}",
  "what.refused": "refused {time}",
  "what.stopped": "stopped {time}",
  "what.crashed": "ended its host {time}",
  "where.words": "{gateway}: {role}, {state}",
  "where.reason": "{words}. {reason}",
  "shadow.none": "–",
  "shadow.agrees": "agrees with {against} in {share} of {windows} windows",
  "shadow.apart": "{gateway}, {asset}: otherwise for {windows} windows from {from} to {to}",
  "shadow.same": "no disagreement is known",
  "drift.none": "none told",
  "drift.words": "{gateway}, {asset}, {tag}: index {index}",
  "drift.scores": "scores",
  "drift.read":
    "An index above 0.25 is another population than the one trained on; below 0.1 nothing moved.",
  "called.few": "Not enough data: {count} of at least {least} episodes",
  "called.words": "{count} episodes: {confirmed} confirmed, {false} false",
} as const;

export type ModelText = keyof typeof texts;

const voice: Voice<ModelText> = createVoice({ language: english, texts });
export const sayModel: Say<ModelText> = voice.say;
