/** Names of Sparkplug 3.0, 4.1: topics of messages, and the address of a point `group/node/device/metric`. */
import type { Refused } from "@millwright/kit";

export interface SparkplugAddress {
  readonly group: string;
  readonly node: string;
  /** "-" for metrics of the node itself. */
  readonly device: string;
  /** May hold slashes of its own. */
  readonly metric: string;
}

export function parseSparkplugAddress(text: string): SparkplugAddress | Refused {
  const [group = "", node = "", device = "", ...rest] = text.split("/");
  const metric = rest.join("/");
  if (group === "" || node === "" || device === "" || metric === "") {
    return {
      kind: "refused",
      reason: `${text} is no Sparkplug address: write group/node/device/metric, with - as device for metrics of the node`,
    };
  }
  const odd = [group, node, device].find((part) => /[+#\0]/.test(part));
  if (odd !== undefined) {
    return {
      kind: "refused",
      reason: `${odd} holds a wildcard; a point needs the one metric that it reads`,
    };
  }
  return { group, node, device, metric };
}

export type SparkplugKind = "NBIRTH" | "NDEATH" | "NDATA" | "DBIRTH" | "DDEATH" | "DDATA";

const kinds: readonly string[] = ["NBIRTH", "NDEATH", "NDATA", "DBIRTH", "DDEATH", "DDATA"];

export interface SparkplugTopic {
  readonly kind: SparkplugKind;
  /** `group/node` */
  readonly node: string;
  /** "-" for messages of the node itself. */
  readonly device: string;
}

/** Absent for topics that are no news of a node (commands, STATE). */
export function readSparkplugTopic(topic: string): SparkplugTopic | undefined {
  const [namespace, group, kind = "", node, device, ...rest] = topic.split("/");
  if (namespace !== "spBv1.0" || !isKind(kind) || rest.length > 0) return undefined;
  if (
    group === undefined ||
    node === undefined ||
    (device === undefined) !== kind.startsWith("N")
  ) {
    return undefined;
  }
  return { kind, node: `${group}/${node}`, device: device ?? "-" };
}

/** What to subscribe to, to hear all of one node. */
export function filterOf(node: string): string {
  const [group = "", name = ""] = node.split("/");
  return `spBv1.0/${group}/+/${name}/#`;
}

export function commandTopic(node: string): string {
  const [group = "", name = ""] = node.split("/");
  return `spBv1.0/${group}/NCMD/${name}`;
}

function isKind(text: string): text is SparkplugKind {
  return kinds.includes(text);
}
