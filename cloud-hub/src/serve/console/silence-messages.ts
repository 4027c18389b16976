/** What is said of the likely reason of a silence, in English. It comes with the first silent gateway. */
import { createVoice, english, type Say, type SayCount, type Voice } from "@millwright/ui-kit";

const texts = {
  "title.known": "Likely reason: {causes}",
  "title.here": "Likely reason: {causes}, at this gateway alone",
  "title.plant": "Likely reason: {causes}, at {plant} as a whole",
  "title.none": "Reason not known",
  failed: "The hub did not say why it is silent.",
  or: "{one} or {other}",
  "cause.stopped": "stopped, as it said",
  "cause.hub": "the hub’s own connection",
  "cause.credentials": "user or password refused",
  "cause.certificate": "certificate",
  "cause.program": "its program does not run",
  "cause.network": "network",
  "cause.power": "power",
  "do.stopped": "Start it again when it is meant to run.",
  "do.hub": "Look at the broker of this hub, and at its network.",
  "do.credentials":
    "Compare the file hub.credentialsFile of the gateway with what the broker expects.",
  "do.certificate": "Look at the date of the gateway, and at the certificate of the broker.",
  "do.program": "Look at the box: the log of its supervisor says why its program does not run.",
  "do.here": "Look whether the box has power, and whether its network cable is in.",
  "do.plant": "Ask at {plant} whether there is power, and whether the line to the hub is up.",
  "do.unknown":
    "Press “Test connection” on the gateway’s own page: it says where its way to the hub ends.",
  clues: "What this is concluded from",
  "clue.said that it stops":
    "It said at {time} that it stops: a person stopped it, an update did, or its machine was shut down.",
  "clue.hub cut off":
    "This hub has had no connection to its broker since {time}, and hears no gateway.",
  "clue.hub listens since":
    "This hub was started at {time}, after the last beat. What happened in between it did not hear.",
  "clue.never heard":
    "No beat has ever come from it: it may be one without a link to this hub, whose sticks are read here.",
  "clue.refused.one":
    "At {time} the broker refused a connection under its name from {address}: “{reason}”.",
  "clue.refused.other":
    "Of the noted connections under its name the broker refused {count}, the last at {time} from {address}: “{reason}”.",
  "clue.not encrypted.one":
    "At {time} a connection from its address {address} ended while encryption was agreed on.",
  "clue.not encrypted.other":
    "Of the noted connections from its address {address} {count} ended while encryption was agreed on, the last at {time}.",
  "clue.said nothing.one":
    "At {time} a connection came from its address {address} over which nothing was said: what the broker sends may not arrive there.",
  "clue.said nothing.other":
    "Over {count} of the noted connections from its address {address} nothing was said, the last at {time}: what the broker sends may not arrive there.",
  "clue.nameless.one":
    "At {time} a connection from {address}, where other gateways come from, too, ended before it said whose it was.",
  "clue.nameless.other":
    "Of the noted connections from {address}, where other gateways come from, too, {count} ended before they said whose they were, the last at {time}.",
  "clue.let in":
    "At {time} the broker let in a connection under its name from {address}, over which no beat has come since.",
  "clue.open":
    "Its connection from {address} is open at the broker, and no beat has come over it since {time}: its machine has not said good-bye.",
  "clue.given up":
    "Its machine did not say good-bye: the broker asked, heard nothing, and gave up its connection from {address} at {time}.",
  "clue.closed":
    "Its connection from {address} was closed from its side at {time}: then its machine had power and reached the broker.",
  "clue.broken off":
    "Its connection from {address} was broken off at {time}, by its machine or by something in between.",
  "clue.ended by the broker": "The broker ended its connection at {time}: “{reason}”.",
  "clue.together.one": "1 of {of} other gateways at {plant} fell silent within a minute of it.",
  "clue.together.other":
    "{count} of {of} other gateways at {plant} fell silent within a minute of it.",
  "clue.together.all.one": "The only other gateway at {plant} fell silent within a minute of it.",
  "clue.together.all.other":
    "All {count} other gateways at {plant} fell silent within a minute of it.",
  "clue.others heard.one": "1 other gateway at {plant} is heard.",
  "clue.others heard.other": "{count} other gateways at {plant} are heard.",
  "clue.no others": "No other gateway at {plant} was heard lately, to compare it with.",
  "clue.no others.no plant": "It has named no site, so it cannot be compared with others.",
  "clue.all together":
    "All {count} gateways that were heard, of {plants} plants, fell silent within a minute.",
  "clue.broker not asked":
    "What became of its connection is not known, because the broker was not asked: {why}.",
  "clue.no connection known": "The broker knows no connection under its name.",
} as const;

type SilenceText = keyof typeof texts;

const voice: Voice<SilenceText> = createVoice({ language: english, texts });
export const saySilence: Say<SilenceText> = voice.say;
export const saySilenceCount: SayCount<SilenceText> = voice.sayCount;
