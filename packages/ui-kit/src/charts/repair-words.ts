/** What a repair says, in English. Apart from the rest of the kit: only a hub takes orders, and the HMI does not carry it. */
import { english } from "../words/language.ts";
import { createVoice, type Say, type SayCount, type Voice } from "../words/say.ts";

const texts = {
  "offer.one":
    "{from} to {to}: {why}. The gateway has the samples of it that are not here; they can be brought.",
  "offer.other":
    "{from} to {to}, {count} values: {why}. The gateway has the samples of it that are not here; they can be brought.",
  rate: "At most",
  "rate-words": "{rate} kbit/s",
  ask: "Repair",
  "ask-minutes": "Bring minutes",
  "ask-hours": "Bring hours",
  "ask-one": "Repair {from} to {to}",
  "ask-device": "Read {from} to {to} from the device",
  missing: "What is missing",
  "missing.exact.one": "{from} to {to}: {why}, {count} sample",
  "missing.exact.other": "{from} to {to}: {why}, {count} samples",
  "missing.of-device.one": "{from} to {to}: {why}, {count} sample of all values of the device",
  "missing.of-device.other": "{from} to {to}: {why}, {count} samples of all values of the device",
  "missing.of-gateway.one": "{from} to {to}: {why}, {count} sample of all values of the gateway",
  "missing.of-gateway.other": "{from} to {to}: {why}, {count} samples of all values of the gateway",
  "missing.scheduled.one": "{from} to {to}: {why}, {count} poll that should have been",
  "missing.scheduled.other": "{from} to {to}: {why}, {count} polls that should have been",
  "missing.unknown": "{from} to {to}: {why}, nobody counted how many samples",
  "missing-more.one": "and {count} more",
  "missing-more.other": "and {count} more",
  brought: "Brought {resolution} of {from} to {to}, both sides hold the same.",
  thinned: "{from} to {to}: the gateway has minutes and hours of it, and the samples no more.",
  "look-there": "Look at them on the gateway's page",
  waiting: "Repair of {from} to {to}: waiting for the gateway.",
  running: "Repair of {from} to {to}: {percent} %, at most {rate}.",
  fetching: "Repair of {from} to {to}: reading from the device, {percent} %.",
  done: "Repaired {from} to {to}: {samples} samples brought, both sides hold the same.",
  "done-noted":
    "Repaired {from} to {to}: {samples} samples brought, both sides hold the same; {why}.",
  differs:
    "Repaired {from} to {to}: {samples} samples brought, but the two sides do not hold the same. Repair once more.",
  refused: "Repair of {from} to {to}: refused, {why}.",
  cancelled: "Repair of {from} to {to}: cancelled.",
  cancel: "Cancel",
  unreachable: "The hub did not answer. Try again.",
} as const;

type RepairText = keyof typeof texts;

const voice: Voice<RepairText> = createVoice({ language: english, texts });
export const sayRepair: Say<RepairText> = voice.say;
export const sayRepairCount: SayCount<RepairText> = voice.sayCount;
