/**
 * Which machines of the fleet have the same value. It is the same where it is called the same, has the same unit and is of
 * the same kind: names are what engineers choose alike for machines that are alike, and nothing else that gateways tell of
 * their tags says what is measured. Case and blanks do not count, and a value that nobody has named is called by its id
 * without its device.
 */
import type { Dictionary, TagBook, TagDefinition, TagId, TagKind } from "@millwright/wire-contract";

/** A gateway with the tags that it has now. */
export interface PeerGateway {
  readonly gateway: string;
  readonly name: string;
  readonly site: string;
  readonly dictionary: Dictionary | undefined;
}

export interface Peer {
  readonly gateway: string;
  readonly name: string;
  readonly site: string;
  readonly asset: string;
  readonly tag: TagId;
  readonly index: number;
  readonly expectedMs: number;
}

export interface Peers {
  /** The machine that was asked for first, then those of its gateway, of its site, and all others by name. */
  readonly machines: readonly Peer[];
  /** Machines that have a value of that name in another unit, or of another kind. */
  readonly unlike: number;
}

/** Of which a mean says something. A state and a text have none, and that of a count grows with the age of its machine. */
const comparedKinds: readonly TagKind[] = ["measurement", "setpoint", "event-value"];

/** States that come as numbers have words for them, and no mean. */
export function isCompared({
  kind,
  type,
  texts,
}: Pick<TagDefinition, "kind" | "type" | "texts">): boolean {
  return comparedKinds.includes(kind) && type !== "bool" && texts.size === 0;
}

/** Undefined where the gateway has no such tag, or where it is none that can be compared. */
export function findPeers(
  gateways: readonly PeerGateway[],
  asked: { readonly gateway: string; readonly tag: string },
): Peers | undefined {
  const own = gateways.find(({ gateway }) => gateway === asked.gateway);
  const tag = own?.dictionary?.byId(asked.tag);
  if (own === undefined || tag === undefined || !isCompared(tag)) return undefined;
  const wanted = calledOf(tag.name, tag.id, tag.device);
  const found: Peer[] = [];
  const unlike = new Set<string>();
  for (const gateway of gateways) {
    const taken = new Set<string>();
    for (const one of namedIn(gateway, wanted)) {
      const isAsked = gateway === own && one.tag === tag.id;
      // Of two values of one machine that are called the same the first counts, and on its own machine the one asked for.
      if (gateway === own && one.asset === tag.asset && !isAsked) continue;
      if (!isSame(one.traits, tag)) unlike.add(`${gateway.gateway}/${one.asset}`);
      else if (!taken.has(one.asset)) {
        taken.add(one.asset);
        const { name, site } = gateway;
        const { asset, index, traits } = one;
        const { expectedMs } = traits;
        found.push({
          ...{ gateway: gateway.gateway, name, site },
          ...{ asset, tag: one.tag, index, expectedMs },
        });
      }
    }
    for (const asset of taken) unlike.delete(`${gateway.gateway}/${asset}`);
  }
  return { machines: nearestFirst(found, { ...own, tag: tag.id }), unlike: unlike.size };
}

function isSame(
  one: Pick<TagDefinition, "unit" | "kind" | "type" | "texts">,
  { unit, kind }: TagDefinition,
): boolean {
  return one.unit === unit && one.kind === kind && isCompared(one);
}

/** No object is made for a tag of another name: a fleet has a hundred thousand of them. */
function* namedIn(
  { dictionary }: PeerGateway,
  wanted: string,
): Generator<{
  readonly index: number;
  readonly tag: TagId;
  readonly asset: string;
  readonly traits: NonNullable<ReturnType<TagBook["traitsOf"]>>;
}> {
  const book = dictionary?.book;
  for (const index of book?.indices ?? []) {
    const [name, tag, traits] = [book?.nameOf(index), book?.idOf(index), book?.traitsOf(index)];
    if (name === undefined || tag === undefined || traits === undefined) continue;
    if (calledOf(name, tag, traits.device) !== wanted) continue;
    yield { index, tag, asset: traits.asset, traits };
  }
}

function calledOf(name: string, id: string, device: string): string {
  const called =
    name === id && id.startsWith(`${device}/`) ? id.slice(device.length + 1) : name.trim();
  return called.toLowerCase();
}

/** Of those that are left out at a bound the ones of other sites go first. */
function nearestFirst(
  found: readonly Peer[],
  own: { readonly gateway: string; readonly site: string; readonly tag: string },
): readonly Peer[] {
  const rank = (one: Peer): number => {
    if (one.gateway === own.gateway) return one.tag === own.tag ? 0 : 1;
    return one.site === own.site ? 2 : 3;
  };
  return found.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      compare(a.site, b.site) ||
      compare(a.name, b.name) ||
      compare(a.gateway, b.gateway) ||
      compare(a.asset, b.asset),
  );
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
