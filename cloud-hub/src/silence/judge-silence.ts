/**
 * Why a gateway is silent, as far as what was seen says. Pure.
 *
 * A program that ends leaves its machine to close the connection: the broker is told at once. A box without power or without
 * a network tells nobody, and the broker gives up its connection half a minute later. So the last connection says which side of
 * the cable to look at, and the other gateways of the plant say how far it goes.
 */
import type { Presence } from "@millwright/wire-contract";

import type { Silence, SilenceCause, SilenceClue } from "../silence-views.ts";

/** A gateway as the hub hears it. */
export interface HeardGateway {
  readonly gateway: string;
  readonly site: string;
  readonly presence: Presence;
  /** Since when it is so; of a silent one its last beat. */
  readonly sinceUs: number;
  /** 0: none has ever come. */
  readonly lastBeatUs: number;
}

/** One connection to the broker, by the hub's clock. */
export interface SeenConnection {
  readonly address: string;
  /** It said the name of the gateway, or came from its address; of a shared one others come from there, too. */
  readonly by: "name" | "address" | "shared address";
  readonly beganUs: number;
  /** Absent while it is open. */
  readonly endedUs?: number;
  /** Why it ended, in the words of the broker; "" while it is open. */
  readonly reason: string;
}

export interface SilenceSources {
  readonly nowUs: number;
  readonly gateway: HeardGateway;
  readonly others: readonly HeardGateway[];
  /** Since when this hub listens. */
  readonly listeningUs: number;
  /** Since when the hub has had no connection to its broker; undefined while it has one. */
  readonly cutOffUs: number | undefined;
  /** Connections of this gateway, those that ended and those that are open. */
  readonly connections: readonly SeenConnection[];
  /** Why the broker does not say what became of connections; undefined where it does. */
  readonly notAsked: string | undefined;
}

/** Gateways that fall silent within this time of each other do so for one reason. */
const togetherUs = 60_000_000;
/** Who sent a beat so long ago at most is heard now: beats come every second. */
const heardUs = 10_000_000;
/** Over one that lasted for less somebody only tried whether the way is there. */
const triedUs = 30_000_000;
/** Beats and connections are noted by different clocks and in different places. */
const slackUs = 2_000_000;

type Judgement = Pick<Silence, "likely" | "where" | "clues">;

export function judgeSilence(sources: SilenceSources): Silence {
  const { gateway } = sources;
  const { presence, sinceUs } = gateway;
  const plant = plantOf(gateway.site);
  const state = presence === "silent" || presence === "sleeping" ? presence : "heard";
  if (state === "heard") return { state, sinceUs, plant, likely: [], clues: [] };
  return { state, sinceUs, plant, ...judge(sources) };
}

/** Sites are written from the whole to the part: `Brno / Machining / Line 1`. What shares the first has one way and one power. */
export function plantOf(site: string): string {
  const [plant = ""] = site.split("/");
  return plant.trim();
}

function judge(sources: SilenceSources): Judgement {
  const { gateway, cutOffUs, listeningUs, notAsked } = sources;
  if (gateway.presence === "sleeping") {
    const clue = { kind: "said that it stops", atUs: gateway.sinceUs } as const;
    return { likely: ["stopped"], where: "this gateway", clues: [clue] };
  }
  if (cutOffUs !== undefined) {
    return { likely: ["hub"], where: "the hub", clues: [{ kind: "hub cut off", atUs: cutOffUs }] };
  }
  const neighbours = neighboursOf(sources);
  const isShared = neighbours.where === "its plant" || neighbours.where === "the hub";
  const doubt = fromSharedAddress(sources);
  const isDoubted = doubt.clues.length > 0;
  const last = lastConnection(sources, isShared, isDoubted);
  const looks = [afterwards(sources), neighbours, last, doubt];
  const besides: SilenceClue[] = [];
  if (gateway.lastBeatUs === 0) besides.push({ kind: "never heard" });
  else if (gateway.lastBeatUs < listeningUs)
    besides.push({ kind: "hub listens since", atUs: listeningUs });
  if (notAsked !== undefined) besides.push({ kind: "broker not asked", why: notAsked });
  else if (sources.connections.length === 0) besides.push({ kind: "no connection known" });
  return join(looks, besides);
}

/** One thing that was looked at: what it shows, and what that speaks for. */
interface Look {
  readonly clues: readonly SilenceClue[];
  /** Likeliest first; undefined where it says nothing of the cause. */
  readonly likely?: readonly SilenceCause[];
  readonly where?: Silence["where"];
  /** How much it says, against the others: the cause is that of the one that says most. */
  readonly weight: number;
}

function join(looks: readonly Look[], besides: readonly SilenceClue[]): Judgement {
  const ranked = looks.toSorted((one, other) => other.weight - one.weight);
  const decides = ranked.find(({ likely }) => likely !== undefined);
  // A program that ended does so at one gateway; how far a way is cut the others say.
  const where = decides?.where ?? ranked.find((look) => look.where !== undefined)?.where;
  const likely = decides?.likely ?? [];
  return {
    likely,
    ...(likely.length === 0 || where === undefined ? {} : { where }),
    clues: [...ranked.flatMap(({ clues }) => clues), ...besides],
  };
}

/** What came under its name or from its address after its last beat. */
function afterwards({ gateway, connections }: SilenceSources): Look {
  const after = connections.filter(
    ({ by, beganUs }) => by !== "shared address" && beganUs > gateway.lastBeatUs + slackUs,
  );
  const newest = after.toSorted((a, b) => timeOf(b) - timeOf(a));
  const of = (...kinds: readonly Ending[]): readonly SeenConnection[] =>
    newest.filter((one) => kinds.includes(endingOf(one)));
  const [last] = newest;
  if (last === undefined) return { clues: [], weight: 0 };
  const refused = of("refused");
  const unencrypted = of("not encrypted");
  const mute = of("mute");
  const letIn = newest.find(
    (one) => one.by === "name" && !["refused", "not encrypted", "mute"].includes(endingOf(one)),
  );
  const clues: SilenceClue[] = [];
  const [aRefused, anUnencrypted, aMute] = [refused[0], unencrypted[0], mute[0]];
  if (aRefused !== undefined) {
    const { reason, address } = aRefused;
    const count = refused.length;
    clues.push({ kind: "refused", atUs: timeOf(aRefused), count, reason, address });
  }
  if (anUnencrypted !== undefined) {
    const [atUs, count] = [timeOf(anUnencrypted), unencrypted.length];
    clues.push({ kind: "not encrypted", atUs, count, address: anUnencrypted.address });
  }
  if (letIn !== undefined)
    clues.push({ kind: "let in", atUs: letIn.beganUs, address: letIn.address });
  if (aMute !== undefined) {
    const [atUs, count] = [timeOf(aMute), mute.length];
    clues.push({ kind: "said nothing", atUs, count, address: aMute.address });
  }
  const likely = causeOfAfter[endingOf(last)];
  return { clues, likely: [likely], where: "this gateway", weight: 4 };
}

const causeOfAfter: Readonly<Record<Ending, SilenceCause>> = {
  refused: "credentials",
  "not encrypted": "certificate",
  mute: "network",
  // It was let in: the way is there.
  open: "program",
  "given up": "program",
  closed: "program",
  "broken off": "program",
  other: "program",
};

/**
 * The one over which its last beats came: of those that were there then the one that began last. The half of an earlier one may
 * be left at the broker; when something came over it last is not told, because what the broker sends counts there, too.
 *
 * @param isShared others fell silent with it
 * @param isDoubted somebody who may be it comes and does not get through
 */
function lastConnection(
  { nowUs, gateway, connections }: SilenceSources,
  isShared: boolean,
  isDoubted: boolean,
): Look {
  const { lastBeatUs } = gateway;
  const there = connections
    .filter(({ by, beganUs }) => by === "name" && beganUs <= lastBeatUs + slackUs)
    .filter(({ endedUs = Infinity }) => endedUs >= lastBeatUs - slackUs)
    .toSorted((a, b) => b.beganUs - a.beganUs);
  const last =
    there.find(({ beganUs, endedUs = nowUs }) => endedUs - beganUs >= triedUs) ?? there[0];
  if (last === undefined) return { clues: [], weight: 0 };
  const { address, reason } = last;
  const atUs = timeOf(last);
  switch (endingOf(last)) {
    case "closed": {
      const clues = [{ kind: "closed", atUs, address }] as const;
      // What stands in between may close connections, too, but then not those of one gateway.
      if (isShared) return { clues, likely: ["network", "program"], weight: 3 };
      // A gateway that hears nothing of the broker any more closes the connection itself, and comes again.
      const likely: readonly SilenceCause[] = isDoubted ? ["program", "network"] : ["program"];
      return { clues, likely, where: "this gateway", weight: 3 };
    }
    case "broken off":
      return {
        clues: [{ kind: "broken off", atUs, address }],
        likely: isShared ? ["network"] : ["program", "network"],
        weight: 1,
      };
    case "open":
      return {
        clues: [{ kind: "open", atUs: lastBeatUs, address }],
        likely: ["network", "power"],
        weight: 1,
      };
    case "given up":
    case "mute":
      return {
        clues: [{ kind: "given up", atUs, address }],
        likely: ["network", "power"],
        weight: 1,
      };
    case "refused":
      // Taken from it while it was connected.
      return {
        clues: [{ kind: "refused", atUs, count: 1, reason, address }],
        likely: ["credentials"],
        where: "this gateway",
        weight: 3,
      };
    case "not encrypted":
    case "other":
      return { clues: [{ kind: "ended by the broker", atUs, reason }], weight: 1 };
  }
}

/** Connections from where it and others come, which ended before they said whose they were: they may be its own. */
function fromSharedAddress({ gateway, connections }: SilenceSources): Look {
  const [last, ...more] = connections
    .filter(({ by, beganUs }) => by === "shared address" && beganUs > gateway.lastBeatUs + slackUs)
    .filter((one) => ["not encrypted", "mute"].includes(endingOf(one)))
    .toSorted((a, b) => timeOf(b) - timeOf(a));
  if (last === undefined) return { clues: [], weight: 0 };
  const { address } = last;
  const clue = { kind: "nameless", atUs: timeOf(last), count: more.length + 1, address } as const;
  return { clues: [clue], weight: 0 };
}

/** Whether others fell silent with it. */
function neighboursOf(sources: SilenceSources): Look {
  const { nowUs, gateway, others, listeningUs } = sources;
  const plant = plantOf(gateway.site);
  const isHeard = ({ lastBeatUs }: HeardGateway): boolean => nowUs - lastBeatUs <= heardUs;
  const isTogether = (one: HeardGateway): boolean =>
    one.presence !== "sleeping" &&
    !isHeard(one) &&
    // When a hub that was away heard one last is when it went itself.
    Math.min(one.lastBeatUs, gateway.lastBeatUs) >= listeningUs &&
    Math.abs(one.lastBeatUs - gateway.lastBeatUs) <= togetherUs;
  const heard = others.filter(isHeard);
  const together = others.filter(isTogether);
  const plants = new Set([...together, gateway].map(({ site }) => plantOf(site))).size;
  if (heard.length === 0 && plants > 1) {
    const clue = { kind: "all together", count: together.length + 1, plants } as const;
    return { clues: [clue], likely: ["hub"], where: "the hub", weight: 2 };
  }
  const isNear = ({ site }: HeardGateway): boolean => plant !== "" && plantOf(site) === plant;
  const near = together.filter(isNear).length;
  const nearHeard = heard.filter(isNear).length;
  if (near > 0) {
    const clues: SilenceClue[] = [{ kind: "together", count: near, of: near + nearHeard }];
    return { clues, likely: ["network", "power"], where: "its plant", weight: 2 };
  }
  if (nearHeard > 0) {
    return {
      clues: [{ kind: "others heard", count: nearHeard }],
      where: "this gateway",
      weight: 2,
    };
  }
  return { clues: [{ kind: "no others" }], weight: 0 };
}

type Ending =
  "open" | "closed" | "given up" | "broken off" | "refused" | "not encrypted" | "mute" | "other";

/** What the words of nats-server (`ClosedState` of its sources) say of the other end. */
const endings: Readonly<Record<string, Ending>> = {
  "Client Closed": "closed",
  "Stale Connection": "given up",
  "Slow Consumer (Write Deadline)": "given up",
  "Write Error": "given up",
  "Read Error": "broken off",
  "Authentication Failure": "refused",
  "Authentication Expired": "refused",
  "Credentials Revoked": "refused",
  "Account Authentication Expired": "refused",
  "Authentication Timeout": "mute",
  "TLS Handshake Failure": "not encrypted",
};

function endingOf({ by, endedUs, reason }: SeenConnection): Ending {
  if (endedUs === undefined) return "open";
  const ending = endings[reason] ?? "other";
  // A broker that pings soon gives up who says nothing before the time for saying a name is over.
  return ending === "given up" && by !== "name" ? "mute" : ending;
}

function timeOf({ beganUs, endedUs }: SeenConnection): number {
  return endedUs ?? beganUs;
}
