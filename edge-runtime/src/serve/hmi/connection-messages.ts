/** What the HMI says of a test of the way to the hub, in English. */
import { createVoice, english, type Say, type Voice } from "@millwright/ui-kit";

const texts = {
  test: "Test connection",
  "sign-in-first": "Sign in to test the connection",
  tests: "The way to the hub is being tried. This takes 12 s at most.",
  "no-answer": "The gateway did not answer.",
  "all-passed": "The way to the hub is open.",
  name: "Name",
  tcp: "Network",
  broker: "Broker",
  tls: "Encryption",
  "sign-in": "User and password",
  streams: "Streams",
  hub: "Hub",
  passed: "{found} ({time} ms)",
  failed: "failed: {found} ({time} ms)",
  unused: "not used: {found}",
} as const;

const voice: Voice<keyof typeof texts> = createVoice({ language: english, texts });
export const sayConnection: Say<keyof typeof texts> = voice.say;
