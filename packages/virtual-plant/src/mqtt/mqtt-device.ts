import type { Clock } from "@millwright/kit";
import { connect, type MqttClient } from "mqtt";
import { setTimeout as sleep } from "node:timers/promises";
import { Cable } from "../cable.ts";
import type { Trouble } from "../faults/trouble.ts";
import type { PlantValue } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";
import { captureMessage } from "./capture-message.ts";
import { JsonPublisher, jsonTopics } from "./json-publisher.ts";
import { SparkplugNode } from "./sparkplug-node.ts";

export interface MqttDeviceOptions {
  readonly image: ProcessImage;
  readonly clock: Clock;
  readonly host: string;
  readonly brokerPort: () => number;
  /** First part of the JSON topics. */
  readonly prefix: string;
  readonly trouble: () => Trouble;
  readonly deviceUs: () => number;
  readonly served: (via: string, point: number, value: PlantValue) => void;
}

// Three missed pings of a half-open link and the broker sends the will: short, so that a test need not wait.
const keepaliveS = 4;
const reconnectMs = 500;
// A broker on loopback takes two messages within a few ms.
const goodbyeMs = 1_000;

/** A machine that publishes by itself: plain JSON and Sparkplug B over one connection, through a cable that can be cut. */
export class MqttDevice {
  readonly #options: MqttDeviceOptions;
  readonly #cable: Cable;
  readonly #node: SparkplugNode;
  #client: MqttClient | undefined;
  #json: JsonPublisher | undefined;

  constructor(options: MqttDeviceOptions) {
    this.#options = options;
    const { image, host, clock, trouble, deviceUs, served } = options;
    this.#cable = new Cable({ clock, host, port: 0, devicePort: options.brokerPort, trouble });
    this.#node = new SparkplugNode(
      image,
      () => Math.round(deviceUs() / 1_000),
      (point, value) => {
        served("sparkplug", point, value);
      },
    );
  }

  get prefix(): string {
    return `${this.#options.prefix}/${this.#options.image.machine.id}`;
  }

  async start(): Promise<void> {
    await this.#cable.start();
    this.#powerOn();
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // Ctrl-C in a terminal ends the broker beside us: a goodbye that nobody takes must not hold up the end.
    const said = this.#node.goodbye().then(
      () => client?.connected === true,
      () => false,
    );
    const inTime = await Promise.race([said, sleep(goodbyeMs, false, { ref: false })]);
    // Ending in good order waits for messages that a broker which is gone never acknowledges.
    const ended = inTime ? client?.endAsync().then(() => true) : undefined;
    const inOrder = await Promise.race([ended, sleep(goodbyeMs, false, { ref: false })]);
    if (inOrder !== true) await Promise.race([client?.endAsync(true), sleep(goodbyeMs)]);
    await this.#cable.stop();
  }

  async troubleChanged(): Promise<void> {
    this.#cable.troubleChanged();
    const { powered } = this.#options.trouble();
    if (powered) {
      if (this.#client === undefined) this.#powerOn();
      return;
    }
    const client = this.#client;
    this.#client = undefined;
    this.#node.disconnected();
    // Without a goodbye, as by a power cut: the broker sends the will.
    client?.stream.destroy();
    await client?.endAsync(true);
  }

  /** @param points what the controller sampled with this tick */
  publish(elapsedMs: number, points: readonly number[]): void {
    this.#json?.publishDue(elapsedMs, this.#options.deviceUs());
    this.#node.publish(points);
  }

  #powerOn(): void {
    const { host, image, prefix, served } = this.#options;
    const client = connect({
      host,
      port: this.#cable.port,
      protocol: "mqtt",
      clientId: `virtual-plant-${image.machine.id}`,
      clean: true,
      keepalive: keepaliveS,
      reconnectPeriod: reconnectMs,
      connectTimeout: 5_000,
      will: this.#node.nextWill(),
    });
    this.#client = client;
    this.#json = new JsonPublisher(
      client,
      image,
      jsonTopics(image.machine, prefix),
      (point, value) => {
        served("mqtt", point, value);
      },
    );
    client.on("connect", () => {
      void this.#connected(client).catch(() => undefined);
    });
    client.on("close", () => {
      this.#node.disconnected();
      // The library sends the will of its options with each connection.
      client.options.will = this.#node.nextWill();
    });
    // It tries again by itself; a cut link is what this plant is for.
    client.on("error", () => undefined);
    client.on("message", (topic, payload) => {
      if (this.#node.received(topic, payload)) return;
      if (topic === `${this.prefix}/set`) this.#set(payload);
      else this.#sendCapture(client);
    });
  }

  async #connected(client: MqttClient): Promise<void> {
    await client.subscribeAsync([`${this.prefix}/capture/request`, `${this.prefix}/set`], {
      qos: 1,
    });
    await this.#node.connected(client);
  }

  /** `{"Override": 80}`: setpoints by their paths. What cannot be set is dropped: a device has nobody to tell. */
  #set(payload: Buffer): void {
    const { image, deviceUs } = this.#options;
    let wanted: unknown;
    try {
      wanted = JSON.parse(payload.toString());
    } catch {
      return;
    }
    if (typeof wanted !== "object" || wanted === null) return;
    for (const [path, value] of Object.entries(wanted)) {
      const plain = typeof value === "number" || typeof value === "boolean";
      if (plain) image.write(image.indexOf(path), value, deviceUs());
    }
  }

  #sendCapture(client: MqttClient): void {
    const capture = this.#options.image.machine.capture?.();
    if (capture === undefined) return;
    const message = captureMessage(capture, this.#options.deviceUs());
    client.publish(`${this.prefix}/capture`, message, { qos: 1 });
  }
}
