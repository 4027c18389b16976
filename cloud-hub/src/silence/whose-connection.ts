/** Which gateway a connection belongs to. Pure. */
import type { BrokerConnection } from "../hand-over.ts";

/** The end of a connection of a gateway. */
export interface NotedEnd extends BrokerConnection {
  readonly gateway: string;
  /** It said the name itself. */
  readonly named: boolean;
  readonly endedUs: number;
}

/** Where gateways came from last, by their ids. */
export type Addresses = ReadonlyMap<string, string>;

/**
 * Of those who said a name, the gateway of that name. One that ended before it said one, as where encryption fails, belongs to
 * the gateway that came from this address last, when it is one alone: behind a router of a site there are several.
 */
export function endsOfGateways(
  connections: readonly BrokerConnection[],
  isGateway: (id: string) => boolean,
  addresses: Addresses,
): readonly NotedEnd[] {
  const known = new Map(addresses);
  const oldestFirst = connections.toSorted((a, b) => a.beganUs - b.beganUs);
  for (const { name, address } of oldestFirst) if (isGateway(name)) known.set(name, address);
  const ends: NotedEnd[] = [];
  for (const one of oldestFirst) {
    const { endedUs, name, address } = one;
    if (endedUs === undefined) continue;
    const gateway = name === "" ? onlyOneAt(address, known) : name;
    if (gateway === undefined || !isGateway(gateway)) continue;
    ends.push({ ...one, gateway, endedUs, named: name !== "" });
  }
  return ends;
}

function onlyOneAt(address: string, addresses: Addresses): string | undefined {
  // Beside the broker there may be anything.
  if (address === "" || address === "::1" || address.startsWith("127.")) return undefined;
  const [found, ...more] = [...addresses].filter(([, known]) => known === address);
  return more.length === 0 ? found?.[0] : undefined;
}
