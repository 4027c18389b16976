/** Topics of an edge node (Sparkplug 3.0, chapter 4). */

export interface NodeName {
  readonly group: string;
  readonly node: string;
}

export type Verb = "NBIRTH" | "NDEATH" | "NCMD" | "DBIRTH" | "DDATA" | "DDEATH" | "DCMD";

export function topicOf({ group, node }: NodeName, verb: Verb, device?: string): string {
  const topic = `spBv1.0/${group}/${verb}/${node}`;
  return device === undefined ? topic : `${topic}/${device}`;
}

export function hostTopic(host: string): string {
  return `spBv1.0/STATE/${host}`;
}

/** What the node listens to. */
export function subscriptionsOf(name: NodeName, host: string | undefined): readonly string[] {
  const own = [topicOf(name, "NCMD"), topicOf(name, "DCMD", "+")];
  return host === undefined ? own : [...own, hostTopic(host)];
}
