import assert from "node:assert/strict";
import { test } from "node:test";

import {
  judgeSilence,
  plantOf,
  type HeardGateway,
  type SeenConnection,
  type SilenceSources,
} from "./judge-silence.ts";

/** Seconds, as the sources of a test say them. */
const s = 1_000_000;
/** The last beat of the gateway in question, and when it is asked about. */
const beatS = 1_000;
const nowS = 1_060;

function gateway(change: Partial<HeardGateway> = {}, lastBeatS = beatS): HeardGateway {
  const lastBeatUs = lastBeatS * s;
  const isHeard = nowS - lastBeatS < 30;
  return {
    ...{ gateway: "gw-1", site: "Brno / Line 1", lastBeatUs, sinceUs: lastBeatUs },
    presence: isHeard ? "reporting" : "silent",
    ...change,
  };
}

const near = (lastBeatS: number): HeardGateway =>
  gateway({ gateway: "gw-2", site: "Brno / Line 2" }, lastBeatS);
const far = (lastBeatS: number): HeardGateway =>
  gateway({ gateway: "gw-3", site: "Lyon / Paint" }, lastBeatS);

/** Its last connection, in use until the last beat. */
function connection(reason: string, endedS?: number, beganS = 100): SeenConnection {
  const end = endedS === undefined ? {} : { endedUs: endedS * s };
  const times = { beganUs: beganS * s, ...end };
  return { address: "10.0.0.7", by: "name", reason, ...times };
}

/** One that was begun after the last beat. */
function later(
  reason: string,
  endedS: number | undefined,
  by: SeenConnection["by"] = "name",
): SeenConnection {
  const beganUs = (endedS ?? 1_040) * s;
  return { ...connection(reason, endedS), beganUs, by };
}

const stale = connection("Stale Connection", 1_030);
const closed = connection("Client Closed", 1_000.2);

function judge(change: Partial<SilenceSources>): string {
  const { likely, where, clues } = judgeSilence({
    ...{ nowUs: nowS * s, gateway: gateway(), others: [], listeningUs: 0 },
    ...{ cutOffUs: undefined, connections: [], notAsked: undefined },
    ...change,
  });
  const what = likely.length === 0 ? "not known" : likely.join(" or ");
  const place = where === undefined ? "" : ` at ${where}`;
  return `${what}${place}: ${clues.map(({ kind }) => kind).join(", ")}`;
}

const cases: readonly (readonly [string, Partial<SilenceSources>, string])[] = [
  [
    "one that said that it stops was stopped, whatever else is seen",
    { gateway: gateway({ presence: "sleeping" }), connections: [stale] },
    "stopped at this gateway: said that it stops",
  ],
  [
    "while the hub itself is cut off it says nothing of gateways",
    { cutOffUs: 1_001 * s, connections: [closed], others: [near(beatS)] },
    "hub at the hub: hub cut off",
  ],
  [
    "a machine that closed the connection was there without the program",
    { connections: [closed], others: [near(nowS)] },
    "program at this gateway: closed, others heard",
  ],
  [
    "what closes the connections of several may stand between them and the broker",
    { connections: [closed], others: [near(beatS)] },
    "network or program at its plant: closed, together",
  ],
  [
    "no good-bye, alone: its own network or power",
    { connections: [stale], others: [near(nowS), far(nowS)] },
    "network or power at this gateway: others heard, given up",
  ],
  [
    "no good-bye, with its neighbours: network or power of the plant",
    { connections: [stale], others: [near(beatS + 20), far(nowS)] },
    "network or power at its plant: together, given up",
  ],
  [
    "the same before the broker has given up",
    { connections: [connection("", undefined)], others: [far(nowS)] },
    "network or power: open, no others",
  ],
  [
    "all of several plants: in front of the hub",
    { connections: [stale], others: [near(beatS), far(beatS - 20)] },
    "hub at the hub: all together, given up",
  ],
  [
    "one that was refused has no valid password",
    { connections: [later("Authentication Failure", 1_050), closed] },
    "credentials at this gateway: refused, closed, no others",
  ],
  [
    "one whose encryption fails has a certificate to look at",
    { connections: [later("TLS Handshake Failure", 1_050, "address"), stale] },
    "certificate at this gateway: not encrypted, given up, no others",
  ],
  [
    "one that comes and says nothing does not hear the broker",
    { connections: [later("Authentication Timeout", 1_050, "address"), closed] },
    "network at this gateway: said nothing, closed, no others",
  ],
  [
    "so it is where the broker gives it up before it has asked for its name",
    { connections: [later("Stale Connection", 1_050, "address"), closed] },
    "network at this gateway: said nothing, closed, no others",
  ],
  [
    "where somebody who may be it comes and says no name, a closed connection is no proof of a dead program",
    { connections: [later("Authentication Timeout", 1_050, "shared address"), closed] },
    "program or network at this gateway: closed, no others, nameless",
  ],
  [
    "who comes from a shared address without a name explains nothing alone",
    { connections: [later("TLS Handshake Failure", 1_050, "shared address")], notAsked: "no" },
    "not known: no others, nameless, broker not asked",
  ],
  [
    "one that was let in and sends no beat has a way",
    { connections: [later("", undefined), stale] },
    "program at this gateway: let in, given up, no others",
  ],
  [
    "broken off, alone, may be either",
    { connections: [connection("Read Error", 1_001)], others: [near(nowS)] },
    "program or network at this gateway: others heard, broken off",
  ],
  [
    "whose right to connect was taken while it was connected",
    { connections: [connection("Credentials Revoked", 1_000.1)] },
    "credentials at this gateway: refused, no others",
  ],
  [
    "what the broker ended says nothing of the gateway",
    { connections: [connection("Server Shutdown", 1_000.1)], others: [near(nowS)] },
    "not known: others heard, ended by the broker",
  ],
  [
    "without the broker the neighbours alone may tell",
    { notAsked: "no user", others: [near(beatS)] },
    "network or power at its plant: together, broker not asked",
  ],
  [
    "without both nothing is known, and what was looked at is said",
    { notAsked: "no user", others: [far(nowS)] },
    "not known: no others, broker not asked",
  ],
  [
    "alone, and of a broker that forgot, nothing is known",
    { others: [near(nowS)] },
    "not known: others heard, no connection known",
  ],
  [
    "whom a hub heard last when it went itself did not fall silent together",
    { listeningUs: (beatS + 5) * s, others: [near(beatS)], connections: [stale] },
    "network or power: given up, no others, hub listens since",
  ],
  [
    "one that never sent a beat says so, and its connections are told all the same",
    { gateway: gateway({}, 0), connections: [later("Authentication Failure", 1_050)] },
    "credentials at this gateway: refused, no others, never heard",
  ],
  [
    "who said that it stops did not fall silent with it",
    { others: [{ ...near(beatS), presence: "sleeping" }], connections: [stale] },
    "network or power: given up, no others",
  ],
  [
    "who fell silent two minutes before did so for itself",
    { others: [near(beatS - 120)], connections: [stale] },
    "network or power: given up, no others",
  ],
  [
    "the half of an earlier connection that is left is not the last one",
    { connections: [connection("", undefined, 50), closed] },
    "program at this gateway: closed, no others",
  ],
  [
    "nor is one over which a person tried whether the way is there",
    { connections: [connection("Client Closed", 1_001, 999), stale] },
    "network or power: given up, no others",
  ],
  [
    "one that was just started has none that lasted",
    { connections: [connection("Client Closed", 1_001, 990)] },
    "program at this gateway: closed, no others",
  ],
  [
    "one that had ended before its last beat is not the last one",
    { connections: [connection("Client Closed", 900)] },
    "not known: no others",
  ],
];

for (const [what, sources, expected] of cases) {
  test(what, () => {
    assert.equal(judge(sources), expected);
  });
}

test("while it is heard there is nothing to explain", () => {
  const heard = gateway({ presence: "behind" }, nowS);
  assert.equal(judge({ gateway: heard, connections: [closed] }), "not known: ");
});

test("how often it was refused and when last is counted", () => {
  const refusals = [1_045, 1_055, 1_050].map((at) => later("Authentication Failure", at));
  const { clues } = judgeSilence({
    ...{ nowUs: nowS * s, gateway: gateway(), others: [], listeningUs: 0 },
    ...{ cutOffUs: undefined, connections: refusals, notAsked: undefined },
  });
  assert.deepEqual(clues[0], {
    ...{ kind: "refused", atUs: 1_055 * s, count: 3 },
    ...{ reason: "Authentication Failure", address: "10.0.0.7" },
  });
});

test("a plant is the first part of a site", () => {
  assert.equal(plantOf("Brno / Machining / Line 1"), "Brno");
  assert.equal(plantOf("Brno"), "Brno");
  assert.equal(plantOf(""), "");
});
