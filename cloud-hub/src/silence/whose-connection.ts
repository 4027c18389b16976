/** Which gateway a connection belongs to. Pure. */
import type { BrokerConnection } from "../hand-over.ts";
import type { SeenConnection } from "./judge-silence.ts";

/** The end of a connection of a gateway, or of one that said no name and came from where a gateway is known to be. */
export interface NotedEnd extends BrokerConnection {
  /** "" of one that said no name. */
  readonly gateway: string;
  readonly endedUs: number;
}

/** Where gateways came from last, by their ids. */
export type Addresses = ReadonlyMap<string, string>;

/** Those that may tell something of a gateway. One ends before it says a name where encryption fails, for example. */
export function endsOfGateways(
  connections: readonly BrokerConnection[],
  isGateway: (id: string) => boolean,
  addresses: Addresses,
): readonly NotedEnd[] {
  const named = connections.filter(({ name }) => isGateway(name));
  const known = new Set([...addresses.values(), ...named.map(({ address }) => address)]);
  return connections.flatMap((one): NotedEnd[] => {
    const { endedUs, name, address } = one;
    const isOurs = name === "" ? known.has(address) : isGateway(name);
    return endedUs === undefined || !isOurs ? [] : [{ ...one, gateway: name, endedUs }];
  });
}

/** Behind a router of a site there are several, and beside the broker there may be anything. */
export function isAloneAt(address: string, addresses: Addresses): boolean {
  if (address === "::1" || address.startsWith("127.")) return false;
  return [...addresses.values()].filter((known) => known === address).length <= 1;
}

/** By what a connection is one of the gateway that is looked at. */
export function knownBy(
  { name, address }: BrokerConnection,
  addresses: Addresses,
): SeenConnection["by"] {
  if (name !== "") return "name";
  return isAloneAt(address, addresses) ? "address" : "shared address";
}
