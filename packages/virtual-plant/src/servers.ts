/** All servers of the plant: which machine is behind which, and what happens to them when a machine is in trouble. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Cable } from "./cable.ts";
import type { Trouble } from "./faults/trouble.ts";
import type { PlantValue } from "./machine.ts";
import { newBroker, type Broker } from "./mqtt/broker.ts";
import { findMosquitto } from "./mqtt/find-mosquitto.ts";
import { MqttDevice } from "./mqtt/mqtt-device.ts";
import type { ServedUnit } from "./modbus/conversation.ts";
import { rtuFraming, tcpFraming } from "./modbus/frames.ts";
import { modbusMapOf } from "./modbus/maps.ts";
import { SerialLine } from "./modbus/serial-line.ts";
import { ModbusServer } from "./modbus/tcp-server.ts";
import { ModbusUnit } from "./modbus/unit.ts";
import type { Protocol, Settled } from "./options.ts";
import type { ProcessImage } from "./process-image.ts";
import type { PlantOpcuaServer } from "./opcua/opcua-server.ts";

export interface ServersOptions extends Settled {
  readonly images: readonly ProcessImage[];
  readonly troubleOf: (machine: string) => Trouble;
  readonly deviceUs: (machine: string) => number;
  readonly served: (image: ProcessImage, via: string, point: number, value: PlantValue) => void;
}

/** First part of all JSON topics. */
export const topicPrefix = "plant";

/** One server and the machines whose trouble it shows. */
interface Part {
  readonly machines: ReadonlySet<string>;
  readonly troubleChanged: () => Promise<void> | void;
  readonly stop: () => Promise<void>;
}

export class Servers {
  readonly #options: ServersOptions;
  #parts: Part[] = [];
  /** Changes are applied one after the other: a server must not start while it still stops. */
  #changes: Promise<void> = Promise.resolve();
  #mqttDevices = new Map<string, MqttDevice>();
  opcua: { readonly cable: Cable; readonly machines: readonly string[] } | undefined;
  modbusTcp: { readonly server: ModbusServer; readonly units: UnitNumbers } | undefined;
  rtuOverTcp: { readonly server: ModbusServer; readonly units: UnitNumbers } | undefined;
  modbusRtu: { readonly line: SerialLine; readonly units: UnitNumbers } | undefined;
  broker: Broker | undefined;

  constructor(options: ServersOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#runs("modbus-tcp")) await this.#startModbusTcp();
    if (this.#runs("rtu-over-tcp")) await this.#startRtuOverTcp();
    if (this.#runs("modbus-rtu")) await this.#startSerialLine();
    if (this.#runs("mqtt")) await this.#startMqtt();
    if (this.#runs("opcua")) await this.#startOpcua();
  }

  async stop(): Promise<void> {
    await this.#changes.catch(() => undefined);
    const failures: unknown[] = [];
    for (const part of this.#parts.toReversed()) {
      await part.stop().catch((failure: unknown) => failures.push(failure));
    }
    this.#parts = [];
    if (failures.length > 0) throw new AggregateError(failures, "the plant did not end cleanly");
  }

  /** Applies new trouble of `machines` to their servers; rejects when one could not start again. */
  troubleChanged(machines: ReadonlySet<string>): Promise<void> {
    this.#changes = this.#changes.then(async () => {
      const touched = this.#parts.filter((part) =>
        [...part.machines].some((machine) => machines.has(machine)),
      );
      await Promise.all(touched.map(async (part) => part.troubleChanged()));
    });
    return this.#changes;
  }

  /** A controller sampled: what publishes by itself does so now. */
  scanned(image: ProcessImage, elapsedMs: number, points: readonly number[]): void {
    this.#mqttDevices.get(image.machine.id)?.publish(elapsedMs, points);
  }

  #runs(protocol: Protocol): boolean {
    return this.#options.protocols.includes(protocol);
  }

  #imagesOf(...kinds: readonly string[]): readonly ProcessImage[] {
    const { images, replay } = this.#options;
    const over = replay?.over ?? "opcua";
    return images.filter(({ machine }) => {
      if (machine.kind === "replay") return kinds.includes(`replay-${over}`);
      if (machine.kind === "bulk") return kinds.includes(machine.id);
      return kinds.includes(machine.kind);
    });
  }

  async #startModbusTcp(): Promise<void> {
    const images = this.#imagesOf("press", "bulk-modbus", "replay-modbus");
    if (images.length === 0) return;
    const server = this.#modbusServer("modbus-tcp", images, this.#options.ports.modbusTcp);
    await server.start();
    this.modbusTcp = { server, units: unitNumbers(images) };
    this.#add(images, server);
  }

  async #startRtuOverTcp(): Promise<void> {
    const images = this.#imagesOf("oven");
    if (images.length === 0) return;
    const server = this.#modbusServer("rtu-over-tcp", images, this.#options.ports.rtuOverTcp);
    await server.start();
    this.rtuOverTcp = { server, units: unitNumbers(images) };
    this.#add(images, server);
  }

  #modbusServer(via: Protocol, images: readonly ProcessImage[], port: number): ModbusServer {
    const { clock, host } = this.#options;
    return new ModbusServer({
      clock,
      host,
      port,
      framing: via === "modbus-tcp" ? tcpFraming : rtuFraming,
      units: this.#units(via, images),
      trouble: this.#troubleOfFirst(images),
    });
  }

  async #startSerialLine(): Promise<void> {
    const images = this.#imagesOf("oven");
    if (images.length === 0) return;
    const { clock, dataFolder, socat } = this.#options;
    const line = new SerialLine({
      clock,
      socat,
      units: this.#units("modbus-rtu", images),
      path: join(dataFolder, "ttyOven"),
    });
    await line.start();
    this.modbusRtu = { line, units: unitNumbers(images) };
    // Each answer asks for the trouble of its unit; the terminal itself stays, as an adapter does.
    this.#add(images, { troubleChanged: () => undefined, stop: () => line.stop() });
  }

  async #startMqtt(): Promise<void> {
    const images = this.#imagesOf("spindle");
    if (images.length === 0) return;
    const { host, ports, dataFolder, mosquitto, clock, troubleOf, deviceUs, served } =
      this.#options;
    const program = await findMosquitto(mosquitto);
    const broker = newBroker(host, ports.mqtt, join(dataFolder, "broker"), program);
    await broker.start();
    this.broker = broker;
    this.#parts.push({
      machines: new Set(["broker"]),
      troubleChanged: () => (troubleOf("broker").powered ? broker.start() : broker.stop()),
      stop: () => broker.stop(),
    });
    for (const image of images) {
      const { id } = image.machine;
      const device = new MqttDevice({
        ...{ image, clock, host, prefix: topicPrefix },
        brokerPort: () => broker.port,
        trouble: () => troubleOf(id),
        deviceUs: () => deviceUs(id),
        served: (via, point, value) => {
          served(image, via, point, value);
        },
      });
      await device.start();
      this.#mqttDevices.set(id, device);
      this.#add([image], device);
    }
  }

  async #startOpcua(): Promise<void> {
    const images = this.#imagesOf("pump", "bulk-opcua", "replay-opcua");
    if (images.length === 0) return;
    // The largest library of the plant is loaded only where it is used.
    const { PlantOpcuaServer: Server } = await import("./opcua/opcua-server.ts");
    const { clock, host, ports, dataFolder, trustClients, user, sessionsMax, log } = this.#options;
    const folder = join(dataFolder, "opcua");
    await mkdir(folder, { recursive: true });
    const trouble = this.#troubleOfFirst(images);
    const holder: { server?: PlantOpcuaServer } = {};
    const cable = new Cable({
      ...{ clock, host, trouble },
      port: ports.opcua,
      devicePort: () => holder.server?.port ?? 0,
    });
    await cable.start();
    const server = new Server({
      ...{ images, host, folder, trustClients, user, sessionsMax, trouble, log },
      publicPort: () => cable.port,
      deviceUs: (image) => this.#options.deviceUs(image.machine.id),
      served: (image, point, value) => {
        this.#options.served(image, "opcua", point, value);
      },
    });
    holder.server = server;
    this.#add(images, {
      troubleChanged: async () => {
        cable.troubleChanged();
        await server.troubleChanged();
      },
      stop: async () => {
        await server.stop();
        await cable.stop();
      },
    });
    await server.start();
    this.opcua = { cable, machines: images.map(({ machine }) => machine.id) };
  }

  #units(via: Protocol, images: readonly ProcessImage[]): ReadonlyMap<number, ServedUnit> {
    const numbers = unitNumbers(images);
    return new Map(
      images.map((image) => {
        const { id } = image.machine;
        const unit = new ModbusUnit(image, modbusMapOf(image.machine), {
          via,
          nowUs: () => this.#options.deviceUs(id),
          served: (point, value) => {
            this.#options.served(image, via, point, value);
          },
        });
        return [numbers[id] ?? 0, { unit, trouble: () => this.#options.troubleOf(id) }];
      }),
    );
  }

  #troubleOfFirst(images: readonly ProcessImage[]): () => Trouble {
    const first = images[0]?.machine.id ?? "";
    return () => this.#options.troubleOf(first);
  }

  #add(images: readonly ProcessImage[], part: Omit<Part, "machines">): void {
    this.#parts.push({
      machines: new Set(images.map(({ machine }) => machine.id)),
      troubleChanged: () => part.troubleChanged(),
      stop: () => part.stop(),
    });
  }
}

/** Modbus unit numbers by machine. */
export type UnitNumbers = Readonly<Record<string, number>>;

function unitNumbers(images: readonly ProcessImage[]): UnitNumbers {
  return Object.fromEntries(images.map(({ machine }, index) => [machine.id, index + 1]));
}
