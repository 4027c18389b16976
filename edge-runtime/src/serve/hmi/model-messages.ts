/** What the HMI says of models, in English. */
import { createVoice, english, type Say, type Voice } from "@millwright/ui-kit";

const texts = {
  title: "Models",
  failed: "The models could not be read.",
  "role.live": "live",
  "role.shadow": "shadow",
  "role.canary": "canary",
  "state.runs": "runs",
  "state.starts": "starting",
  "state.stopped": "stopped",
  "state.refused": "refused",
  "row.words": "{role}, {state}",
  "row.note": "{words}: {note}",
  "row.latency": "{role}, {state}, {ms} ms a window",
  "asset.name": "{bundle} {version}, {asset}",
  "asset.score": "score {score} at {time}",
  "asset.silent": "not scored: {why}",
  "asset.waits": "no score yet",
  host: "Detect host",
  "host.open":
    "Its network could not be closed: what a model does is held by the other walls alone.",
  memory: "Memory",
  "memory.words": "{mebibytes} MiB",
  restarts: "Ended and started again",
  lost: "Windows lost",
} as const;

const voice: Voice<keyof typeof texts> = createVoice({ language: english, texts });
export const sayModel: Say<keyof typeof texts> = voice.say;
