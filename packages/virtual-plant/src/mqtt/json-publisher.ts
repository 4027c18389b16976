import type { MqttClient } from "mqtt";
import type { Machine, PlantValue } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";

/** One topic and the points that its messages carry. */
export interface JsonTopic {
  readonly topic: string;
  readonly everyMs: number;
  readonly retain: boolean;
  /** Paths of the points, in the order of the machine. */
  readonly paths: readonly string[];
}

const groups = [
  { name: "fast", fromMs: 0, everyMs: 200, retain: false },
  { name: "state", fromMs: 500, everyMs: 500, retain: false },
  // What a machine says of itself is retained, as devices do: a client that comes later learns it too.
  { name: "info", fromMs: 5_000, everyMs: 5_000, retain: true },
] as const;

/** How a machine's points are shared out among its topics, by how fast they change. */
export function jsonTopics(machine: Machine, prefix: string): readonly JsonTopic[] {
  return groups.map(({ name, fromMs, everyMs, retain }, at) => ({
    topic: `${prefix}/${machine.id}/${name}`,
    everyMs,
    retain,
    paths: machine.points
      .filter(
        (point) => point.everyMs >= fromMs && point.everyMs < (groups[at + 1]?.fromMs ?? Infinity),
      )
      .map(({ path }) => path),
  }));
}

/** Publishes a machine as plain JSON: `{"ts": ms since 1970, "Bearing": {"Temperature": 41.2}, …}`. */
export class JsonPublisher {
  readonly #client: MqttClient;
  readonly #image: ProcessImage;
  readonly #topics: readonly JsonTopic[];
  readonly #served: (point: number, value: PlantValue) => void;

  constructor(
    client: MqttClient,
    image: ProcessImage,
    topics: readonly JsonTopic[],
    served: (point: number, value: PlantValue) => void,
  ) {
    this.#client = client;
    this.#image = image;
    this.#topics = topics;
    this.#served = served;
  }

  /** Publishes the topics that are due at `tickS`-th tenth of a second; none while the client has no connection. */
  publishDue(elapsedMs: number, deviceUs: number): void {
    if (!this.#client.connected) return;
    for (const topic of this.#topics) {
      if (elapsedMs % topic.everyMs !== 0) continue;
      this.#publish(topic, deviceUs);
    }
  }

  #publish({ topic, retain, paths }: JsonTopic, deviceUs: number): void {
    const message: Tree = { ts: Math.round(deviceUs / 1_000) };
    for (const path of paths) {
      const index = this.#image.indexOf(path);
      if (index === this.#image.producedIndex) this.#image.countServed("mqtt");
      const good = this.#image.status[index] === 0;
      const value = this.#image.values[index] ?? 0;
      place(message, path.split("."), good ? jsonValue(value) : null);
      this.#served(index, value);
    }
    this.#client.publish(topic, JSON.stringify(message), { qos: 1, retain });
  }
}

interface Tree {
  [key: string]: Tree | string | number | boolean | null;
}

function place(
  tree: Tree,
  parts: readonly string[],
  value: string | number | boolean | null,
): void {
  const [first = "", ...rest] = parts;
  if (rest.length === 0) {
    tree[first] = value;
    return;
  }
  const branch = tree[first];
  const next: Tree = typeof branch === "object" && branch !== null ? branch : {};
  tree[first] = next;
  place(next, rest, value);
}

/** 64-bit integers travel as text: a JSON number of most readers is a double and would lose their last digits. */
function jsonValue(value: PlantValue): string | number | boolean {
  return typeof value === "bigint" ? value.toString() : value;
}
