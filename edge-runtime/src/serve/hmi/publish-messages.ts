/** What the HMI says of who is told besides the hub, in English. */
import { createVoice, english, type Say, type Voice } from "@millwright/ui-kit";

const texts = {
  title: "SCADA",
  failed: "What SCADA is told could not be read.",
  node: "Sparkplug node",
  broker: "Broker",
  host: "Primary host",
  state: "State",
  "state.since": "{state} since {time}",
  "state.connecting": "Broker away",
  "state.waiting-for-host": "Waiting for the primary host",
  "state.catching-up": "Telling what was missed",
  "state.live": "Live",
  why: "Why",
  hint: "To do",
  tags: "Tags",
  waiting: "Waiting samples",
  delivered: "Told samples",
  lost: "Not told any more",
  "lost.do":
    "Some samples waited too long, or the journal had no room for them. They are here; SCADA does not have them.",
  refused: "Refused writes",
} as const;

const voice: Voice<keyof typeof texts> = createVoice({ language: english, texts });
export const sayPublish: Say<keyof typeof texts> = voice.say;
