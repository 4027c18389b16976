/** The only file that knows every part of the plant: it builds machines, images and servers, joins them and lets time pass. */
import { messageChain, seededRandom, type Clock } from "@millwright/kit";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ControlServer } from "./control/control-server.ts";
import { endpointsOf, type PlantEndpoints } from "./endpoints.ts";
import { FaultBoard } from "./faults/fault-board.ts";
import { loadSchedule, parseFault } from "./faults/schedule.ts";
import { Sensors } from "./faults/sensors.ts";
import { deviceTimeUs, troubleOf, type ActiveFault, type Trouble } from "./faults/trouble.ts";
import type { Machine, PlantValue } from "./machine.ts";
import { tickMs } from "./machine.ts";
import { newFleet } from "./machines/fleet.ts";
import { withDefaults, type PlantOptions, type Settled } from "./options.ts";
import { ProcessImage } from "./process-image.ts";
import { Servers } from "./servers.ts";
import { bulkMachines } from "./machines/bulk.ts";
import { startReplay, type Replay, type ReplayProgress } from "./replay/replay.ts";
import { TruthFile, type TruthRecord, type TruthSink } from "./truth/truth-log.ts";

/** Machines that are running. */
export interface Plant {
  readonly endpoints: PlantEndpoints;
  readonly machines: readonly Machine[];
  /** Begins a fault now (or `atS` seconds from now); throws `FaultsRefused` when it makes no sense. */
  inject(fault: unknown): void;
  /** Ends one active fault, or all and everything planned. */
  clearFaults(id?: number): void;
  readonly activeFaults: readonly ActiveFault[];
  /** The last number of `Produced` that each server handed out, by machine. */
  produced(machine: string): ReadonlyMap<string, number>;
  /** Hands every further truth record to `sink`; returns what ends that. */
  onTruth(sink: TruthSink): () => void;
  /** Begins to play recordings that were told to wait; false when there are none. */
  playRecordings(): boolean;
  /** How far the recordings are, where there are some. */
  readonly replayProgress: ReplayProgress | undefined;
  /** Rejects when a server could not be started again after a fault. Never resolves. */
  readonly broken: Promise<never>;
  stop(): Promise<void>;
}

/** Starts machines and servers; resolves when all of them answer. What was begun is ended again when one fails. */
export async function startPlant(options: PlantOptions): Promise<Plant> {
  const settled = withDefaults(options);
  await mkdir(settled.dataFolder, { recursive: true });
  const running = new RunningPlant(settled);
  try {
    await running.start();
  } catch (failure) {
    await running.stop().catch(() => undefined);
    throw failure;
  }
  return running;
}

interface Device {
  readonly machine: Machine;
  readonly image: ProcessImage;
  readonly sensors: Sensors;
}

// After a stall of this length the machines are not hurried through what they missed: their time stood still.
const catchUpTicksMax = 20;

class RunningPlant implements Plant {
  readonly #options: Settled;
  readonly #clock: Clock;
  readonly #end = new AbortController();
  readonly #sinks = new Set<TruthSink>();
  readonly #unpowered = new Set<Device>();
  readonly #broken = Promise.withResolvers<never>();
  #devices: readonly Device[] = [];
  #board = new FaultBoard([]);
  #servers: Servers | undefined;
  #control: ControlServer | undefined;
  #truthFile: TruthFile | undefined;
  #replay: Replay | undefined;
  #endpoints: PlantEndpoints | undefined;
  #loop: Promise<void> = Promise.resolve();
  #tick = 0;
  #lateUs = 0;

  constructor(options: Settled) {
    this.#options = options;
    this.#clock = options.clock;
    // A plant nobody watches must not end the program by an unhandled rejection.
    this.#broken.promise.catch(() => undefined);
  }

  get endpoints(): PlantEndpoints {
    if (this.#endpoints === undefined) throw new Error("the plant has not started");
    return this.#endpoints;
  }

  get machines(): readonly Machine[] {
    return this.#devices.map(({ machine }) => machine);
  }

  get activeFaults(): readonly ActiveFault[] {
    return this.#board.active;
  }

  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  inject(fault: unknown): void {
    this.#board.inject(parseFault(fault, this.machines));
  }

  clearFaults(id?: number): void {
    this.#board.clear(id);
  }

  produced(machine: string): ReadonlyMap<string, number> {
    const device = this.#devices.find((other) => other.machine.id === machine);
    return device?.image.produced ?? new Map<string, number>();
  }

  onTruth(sink: TruthSink): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  playRecordings(): boolean {
    this.#replay?.play();
    return this.#replay !== undefined;
  }

  get replayProgress(): ReplayProgress | undefined {
    return this.#replay?.progress;
  }

  async start(): Promise<void> {
    const { seed, faultFile, faults, truth, truthFile, replay, dataFolder } = this.#options;
    const fleet = newFleet(this.#options.machines, seededRandom(seed));
    const machines: Machine[] = [...fleet, ...bulkMachines(fleet, this.#options)];
    if (replay !== undefined) {
      this.#replay = await startReplay(replay, join(dataFolder, "replay"));
      machines.push(this.#replay.machine);
    }
    this.#devices = machines.map((machine) => ({
      machine,
      image: new ProcessImage(machine),
      sensors: new Sensors(
        machine.id,
        machine.points.map(({ path }) => path),
      ),
    }));
    for (const { machine, image } of this.#devices) {
      image.ignoresWrites = () =>
        this.#board.active.some(
          ({ fault }) => fault.kind === "writes-ignored" && fault.machine === machine.id,
        );
    }
    const scheduled = faultFile === undefined ? [] : await loadSchedule(faultFile, machines);
    this.#board = new FaultBoard([...faults, ...scheduled]);
    if (truthFile !== undefined) this.#truthFile = new TruthFile(truthFile);
    if (truth !== undefined) this.#sinks.add(truth);
    if (this.#truthFile !== undefined) this.#sinks.add(this.#truthFile.add);

    // The first values are there before the first client can ask.
    for (const device of this.#devices) this.#scan(device);
    this.#servers = new Servers({
      ...this.#options,
      images: this.#devices.map(({ image }) => image),
      troubleOf: (machine) => this.#troubleOf(machine),
      deviceUs: (machine) => this.#deviceUs(machine),
      served: (machine, via, point, value) => {
        this.#tell("served", machine, point, value, via);
        this.#playNextWhenRead(machine, point);
      },
    });
    await this.#servers.start();
    if (this.#options.control) {
      this.#control = new ControlServer(this, this.#options.host, this.#options.ports.control);
      await this.#control.start();
    }
    this.#endpoints = await endpointsOf(
      this.#servers,
      machines,
      this.#control,
      this.#replay,
      this.#options,
    );
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#loop;
    await this.#control?.stop();
    await this.#servers?.stop();
    await this.#replay?.stop();
    await this.#truthFile?.close();
  }

  /** Lets time pass in steps of one tick, however late the timer comes. */
  async #run(): Promise<void> {
    let startMs = this.#clock.monotonicMs();
    let ticks = 0;
    try {
      for (;;) {
        const waitMs = startMs + (ticks + 1) * tickMs - this.#clock.monotonicMs();
        await this.#clock.sleep(Math.max(0, waitMs), this.#end.signal);
        const due = Math.floor((this.#clock.monotonicMs() - startMs) / tickMs) - ticks;
        if (due > catchUpTicksMax) startMs += (due - catchUpTicksMax) * tickMs;
        for (let done = 0; done < Math.min(due, catchUpTicksMax); done++) {
          ticks++;
          // A step that comes late still samples at its own time, so that two of them never carry the same.
          this.#lateUs =
            Math.max(0, this.#clock.monotonicMs() - (startMs + ticks * tickMs)) * 1_000;
          this.#step();
          this.#lateUs = 0;
        }
      }
    } catch (failure) {
      if (!this.#end.signal.aborted) this.#broken.reject(failure);
    }
  }

  #step(): void {
    this.#tick++;
    const elapsedS = this.#elapsedS;
    const { begun, ended } = this.#board.step(elapsedS);
    for (const { fault } of begun) {
      if (fault.kind === "power-cycle") this.#machine(fault.machine)?.powerCycle?.();
    }
    this.#wearBearings(elapsedS, ended);
    for (const device of this.#devices) {
      device.machine.step(tickMs / 1_000);
      this.#scan(device);
    }
    this.#tellFaults(begun, ended);
  }

  #scan(device: Device): void {
    const { machine, image, sensors } = device;
    // A controller without power samples nothing, and everything when the power comes back.
    if (!this.#troubleOf(machine.id).powered) {
      this.#unpowered.add(device);
      return;
    }
    const sensor = sensors.at(this.#elapsedS, this.#board.active);
    const deviceUs = this.#deviceUs(machine.id);
    const points =
      machine.kind === "replay" && this.#replay !== undefined
        ? this.#replay.scan(image, deviceUs, this.#clock.monotonicMs())
        : image.scan(deviceUs, sensor, this.#unpowered.delete(device));
    this.#sampled(image, points);
  }

  #sampled(image: ProcessImage, points: readonly number[]): void {
    if (points.length === 0) return;
    for (const index of points) {
      if (index !== image.producedIndex)
        this.#tell("sampled", image, index, image.values[index] ?? 0);
    }
    this.#servers?.scanned(image, this.#tick * tickMs, points);
  }

  #playNextWhenRead(image: ProcessImage, point: number): void {
    const replay = this.#replay;
    if (image.machine.kind !== "replay" || replay?.endsRow(point) !== true) return;
    // Afterwards: the answer that is being made must hold the row that was asked for.
    queueMicrotask(() => {
      this.#sampled(image, replay.next(image, this.#deviceUs(image.machine.id)));
    });
  }

  /** A wearing bearing follows its fault evenly, and stays as worn as it was when the fault has ended. */
  #wearBearings(elapsedS: number, ended: readonly ActiveFault[]): void {
    for (const { fault, sinceS } of [...this.#board.active, ...ended]) {
      if (fault.kind !== "bearing-wear") continue;
      const share = fault.forS === 0 ? 1 : Math.min(1, (elapsedS - sinceS) / fault.forS);
      this.#machine(fault.machine)?.setWear?.(fault.from + share * (fault.to - fault.from));
    }
  }

  #tellFaults(begun: readonly ActiveFault[], ended: readonly ActiveFault[]): void {
    if (begun.length === 0 && ended.length === 0) return;
    const { log } = this.#options;
    for (const { id, fault } of begun) {
      log.info("plant.fault-begun", {
        id,
        machine: fault.machine,
        kind: fault.kind,
        forS: fault.forS,
      });
    }
    for (const { id, fault } of ended) {
      log.info("plant.fault-ended", { id, machine: fault.machine, kind: fault.kind });
    }
    const machines = new Set([...begun, ...ended].map(({ fault }) => fault.machine));
    this.#servers?.troubleChanged(machines).catch((failure: unknown) => {
      log.error("plant.server-lost", { reason: messageChain(failure) });
      this.#broken.reject(failure);
    });
  }

  #tell(
    event: TruthRecord["event"],
    image: ProcessImage,
    index: number,
    value: PlantValue,
    via?: string,
  ): void {
    if (this.#sinks.size === 0) return;
    const record: TruthRecord = {
      event,
      atUs: this.#clock.nowUs(),
      machine: image.machine.id,
      point: image.points[index]?.path ?? "",
      measuredUs: image.measuredUs[index] ?? 0,
      value,
      status: image.status[index] ?? 0,
      ...(via === undefined ? {} : { via }),
    };
    for (const sink of this.#sinks) sink(record);
  }

  #machine(id: string): Machine | undefined {
    return this.#devices.find(({ machine }) => machine.id === id)?.machine;
  }

  #troubleOf(machine: string): Trouble {
    return troubleOf(machine, this.#board.active);
  }

  #deviceUs(machine: string): number {
    const nowUs = Math.round(this.#clock.nowUs() - this.#lateUs);
    return deviceTimeUs(nowUs, this.#elapsedS, machine, this.#board.active);
  }

  get #elapsedS(): number {
    return (this.#tick * tickMs) / 1_000;
  }
}
