/** Recordings in words: from when to when, and how far each is. */
import { countWords, durationWords, momentWords } from "@millwright/ui-kit";

import { sayRecording, sayRecordingCount } from "./recording-messages.ts";
import { phaseOf, samplesHeld, type Recording } from "./recording-view.ts";

export function timesOf({ fromUs, toUs }: Pick<Recording, "fromUs" | "toUs">): {
  readonly from: string;
  readonly to: string;
} {
  const spanUs = toUs - fromUs;
  return { from: momentWords(fromUs, spanUs), to: momentWords(toUs, spanUs) };
}

/** `3 values, 23 Nov 14:02 to 23 Nov 22:02: runs, 40 %, 4 h 48 min to go.` */
export function recordingWords(one: Recording, nowUs: number): string {
  const how = howWords(one, nowUs);
  return sayRecordingCount("one", one.tags.length, { ...timesOf(one), how });
}

function howWords(one: Recording, nowUs: number): string {
  const phase = phaseOf(one, nowUs);
  const held = samplesHeld(one);
  const untilMs = ((phase === "before" ? one.fromUs : one.toUs) - nowUs) / 1_000;
  const words = {
    why: one.note,
    percent: String(Math.floor(one.done * 100)),
    time: durationWords(Math.max(0, untilMs)),
    samples: countWords(held.hub),
    gateway: countWords(held.gateway),
    hub: countWords(held.hub),
  };
  return sayRecording(phase === "same" && one.note !== "" ? "same-noted" : phase, words);
}
