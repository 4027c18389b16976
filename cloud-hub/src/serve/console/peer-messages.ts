/** What the comparison with all machines says, in English. It comes with the screen of charts. */
import { createVoice, english, type Say, type SayCount, type Voice } from "@millwright/ui-kit";

const texts = {
  "none.title": "{tag} has no mean",
  "none.what":
    "Measured values and setpoints are compared by their means. States, texts and counts have none; choose another value.",
  "rule.one": "{count} machine has {tag} in {unit}.",
  "rule.other": "{count} machines have {tag} in {unit}.",
  "rule.no-unit.one": "{count} machine has {tag}.",
  "rule.no-unit.other": "{count} machines have {tag}.",
  "rule.same":
    "The same value is one of the same name, the same unit and the same kind; of a machine that has two of them the first counts.",
  "rule.unlike.one":
    "{count} machine has one of that name in another unit or of another kind, and is not compared.",
  "rule.unlike.other":
    "{count} machines have one of that name in another unit or of another kind, and are not compared.",
  "rule.bound":
    "The nearest {most} of them are compared: those of this gateway, of this site, then the others by name. More would take longer than somebody waits.",
  few: "A band needs at least {least} machines with a value at the same time.",
  "own.within": "{machine} was within the band {share} of the time, {away}.",
  "own.above": "{machine} was above the band {share} of the time, {away}.",
  "own.below": "{machine} was below the band {share} of the time, {away}.",
  "own.none": "{machine} has no value to compare in the time shown.",
  "own.now": "At {time} it says {value}, {side}; the band goes from {low} to {high}.",
  "own.now.none": "At {time} it has no proven value.",
  "own.now.alone": "At {time} it says {value}; too few others have a proven value.",
  share: "{percent} %",
  "away.above": "on average {value} above the middle",
  "away.below": "on average {value} below the middle",
  "away.none": "on average in the middle",
  "side.within": "within the band",
  "side.above": "above the band",
  "side.below": "below the band",
  "outside.most.one": "{count} of {all} machines was out of the band most of the time",
  "outside.most.other": "{count} of {all} machines were out of the band most of the time",
  "outside.now.one": "{most}, {count} is now.",
  "outside.now.other": "{most}, {count} are now.",
  "outside.expected":
    "Of {all} machines that are alike {count} lie out of it at any time. What tells something is who stays there, and how far from the middle.",
  ends: "The band ends at {time}: no time after it has sorted values of {least} machines. What came in the last minutes is sorted soon.",
  counts: "Machines with a proven value: {words}",
  "counts.range": "{least} to {most}",
  "counts.at": "{count} at the cursor",
  "band.low": "A tenth is below",
  "band.high": "A tenth is above",
  "pen.median": "Middle of the machines",
  "pen.low": "Lower edge of the band",
  "pen.high": "Upper edge of the band",
  "pen.median.what": "half of them is below",
  "pen.low.what": "a tenth of them is below",
  "pen.high.what": "a tenth of them is above",
  "pen.means": "means of {step}",
  legend: "Lines shown",
  table: "Machines, those furthest from the others first",
  "column.machine": "Machine, its gateway and site",
  "column.outside": "Out of the band",
  "column.away": "From the middle",
  "column.now": "At {time}",
  "cell.own": "{machine} (this one)",
  "cell.outside": "{share} of the time, {side}",
  "cell.outside.both": "{share} of the time, above and below",
  "cell.inside": "never",
  "cell.none": "no value",
  "cell.now": "{value}, {side}",
  "side.short.within": "within",
  "side.short.above": "above",
  "side.short.below": "below",
  "all.one": "List all {count} machines",
  "all.other": "List all {count} machines",
  "times.show": "Show the band as a table",
  "times.save": "Save the band as CSV",
  "times.caption": "The last {shown} of {count} times, newest first.",
  "times.time": "Time",
  "times.machines": "Machines",
} as const;

export type PeerText = keyof typeof texts;

const voice: Voice<PeerText> = createVoice({ language: english, texts });
export const sayPeer: Say<PeerText> = voice.say;
export const sayPeerCount: SayCount<PeerText> = voice.sayCount;
