import type { IClientOptions, MqttClient } from "mqtt";
import type { PlantValue } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";
import {
  asksRebirth,
  deathPayload,
  deviceBirth,
  deviceData,
  deviceDeath,
  nodeBirth,
  wantedValues,
} from "./sparkplug.ts";

export const sparkplugGroup = "Millwright";

export function nodeId(machine: string): string {
  return `${machine}-edge`;
}

/** Births, data and deaths of one edge node with one device; whoever owns the connection hands it in. */
export class SparkplugNode {
  readonly #image: ProcessImage;
  readonly #nowMs: () => number;
  readonly #served: (point: number, value: PlantValue) => void;
  #client: MqttClient | undefined;
  #born = false;
  #bdSeq = -1;
  #seq = 0;
  #sent: (PlantValue | undefined)[] = [];

  constructor(
    image: ProcessImage,
    nowMs: () => number,
    served: (point: number, value: PlantValue) => void,
  ) {
    this.#image = image;
    this.#nowMs = nowMs;
    this.#served = served;
  }

  /** The will of the next connection: each one has the next bdSeq (0 to 255), in its NDEATH and its NBIRTH. */
  nextWill(): NonNullable<IClientOptions["will"]> {
    this.#bdSeq = (this.#bdSeq + 1) % 256;
    return {
      topic: this.#topic("NDEATH"),
      payload: Buffer.from(deathPayload(this.#bdSeq, this.#nowMs())),
      qos: 1,
      retain: false,
    };
  }

  /** Called when the connection stands: listens for commands, then is born. */
  async connected(client: MqttClient): Promise<void> {
    this.#client = client;
    await client.subscribeAsync([this.#topic("NCMD"), this.#topic("DCMD", true)], { qos: 1 });
    this.#birth();
  }

  disconnected(): void {
    this.#born = false;
  }

  /** Handles a message of the connection; false when it was not for this node. */
  received(topic: string, payload: Uint8Array): boolean {
    const isForDevice = topic === this.#topic("DCMD", true);
    if (!isForDevice && topic !== this.#topic("NCMD")) return false;
    // A command that cannot be decoded is dropped: a device has nobody to tell.
    try {
      if (isForDevice) this.#set(payload);
      else if (asksRebirth(payload)) this.#birth();
    } catch {
      return true;
    }
    return true;
  }

  /** Publishes what changed of `points` since it was last sent. */
  publish(points: readonly number[]): void {
    if (!this.#born) return;
    const { producedIndex, values, status } = this.#image;
    const shown = (index: number): PlantValue | undefined =>
      status[index] === 0 ? values[index] : undefined;
    const changed = points.filter(
      (index) => index === producedIndex || shown(index) !== this.#sent[index],
    );
    if (changed.length === 0) return;
    if (changed.includes(producedIndex)) this.#image.countServed("sparkplug");
    this.#send("DDATA", deviceData(this.#image, changed, this.#nextSeq(), this.#nowMs()));
    for (const index of changed) {
      this.#sent[index] = shown(index);
      this.#served(index, values[index] ?? 0);
    }
  }

  /** A planned end says so: a will is not sent on a clean disconnect. */
  async goodbye(): Promise<void> {
    if (!this.#born || this.#client?.connected !== true) return;
    this.#born = false;
    const device = deviceDeath(this.#nextSeq(), this.#nowMs());
    await this.#client.publishAsync(this.#topic("DDEATH", true), Buffer.from(device));
    const node = deathPayload(this.#bdSeq, this.#nowMs());
    await this.#client.publishAsync(this.#topic("NDEATH"), Buffer.from(node), { qos: 1 });
  }

  #birth(): void {
    const nowMs = this.#nowMs();
    this.#seq = 0;
    this.#image.countServed("sparkplug");
    this.#send("NBIRTH", nodeBirth(this.#bdSeq, nowMs));
    this.#send("DBIRTH", deviceBirth(this.#image, this.#nextSeq(), nowMs));
    this.#sent = this.#image.values.map((value, index) =>
      this.#image.status[index] === 0 ? value : undefined,
    );
    this.#born = true;
  }

  /** Sets what a DCMD names (6.4.28), and publishes what it made of it. */
  #set(payload: Uint8Array): void {
    for (const [path, value] of wantedValues(payload)) {
      const index = this.#image.indexOf(path);
      if (this.#image.write(index, value, this.#nowMs() * 1_000)) this.publish([index]);
    }
  }

  #send(kind: "NBIRTH" | "DBIRTH" | "DDATA", payload: Uint8Array): void {
    this.#client?.publish(this.#topic(kind, kind !== "NBIRTH"), Buffer.from(payload), { qos: 0 });
  }

  #nextSeq(): number {
    this.#seq = (this.#seq + 1) % 256;
    return this.#seq;
  }

  #topic(kind: string, ofDevice = false): string {
    const { id } = this.#image.machine;
    const node = `spBv1.0/${sparkplugGroup}/${kind}/${nodeId(id)}`;
    return ofDevice ? `${node}/${id}` : node;
  }
}
