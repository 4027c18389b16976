import { systemClock, silentLog, type Clock, type Log } from "@millwright/kit";
import type { PlantFault } from "./faults/fault.ts";
import type { TruthSink } from "./truth/truth-log.ts";

export const protocols = ["opcua", "modbus-tcp", "modbus-rtu", "rtu-over-tcp", "mqtt"] as const;
export type Protocol = (typeof protocols)[number];

/** Ports by server; 0 takes a free one. */
export interface PlantPorts {
  readonly opcua: number;
  readonly modbusTcp: number;
  readonly rtuOverTcp: number;
  readonly mqtt: number;
  readonly control: number;
}

export interface ReplayOptions {
  /** Folder with CSV recordings; folders in it are read too. */
  readonly folder: string;
  readonly over: "opcua" | "modbus";
  /** How many times faster than recorded; 1 is real time. */
  readonly speed: number;
  /**
   * `time`: rows come by the clock. `read`: over Modbus, a row stays in the registers until a client has read them to
   * the last one, so that no pace is too fast for the client.
   */
  readonly pace?: "time" | "read";
  /** Type of the served values; `float64`, which holds the number of the file exactly, when absent. */
  readonly type?: "float32" | "float64";
  /** Ends after the last row instead of beginning again. */
  readonly once?: boolean;
  /** Nothing is played before `playRecordings` (`POST /replay`): a reader that must have each row connects first. */
  readonly wait?: boolean;
  /** So many rows of each file at most. */
  readonly rowsMax?: number;
}

/** What a plant is started with. Only the folder must be said. */
export interface PlantOptions {
  /** Certificates, broker files, serial line; made when it does not exist. */
  readonly dataFolder: string;
  /** Machines with a model, in the order pump, spindle, press, oven, pump-2, …; 4 when absent. */
  readonly machines?: number;
  /** Tags in all. What the models do not have is made up by simple signals on OPC UA and Modbus TCP. */
  readonly tags?: number;
  /** Changes per second of the simple signals, 0.1 to 10; 1 when absent. */
  readonly rateHz?: number;
  /** Which of the servers run; all when absent. */
  readonly protocols?: readonly Protocol[];
  readonly ports?: Partial<PlantPorts>;
  readonly host?: string;
  readonly seed?: number | string;
  readonly faults?: readonly PlantFault[];
  /** YAML file with a schedule of faults. */
  readonly faultFile?: string;
  /** Called for every value sampled and served. */
  readonly truth?: TruthSink;
  /** File for the same, JSON lines or CSV by its name. */
  readonly truthFile?: string;
  readonly replay?: ReplayOptions;
  /** When false, clients' certificates wait for a person; true when absent. */
  readonly trustClients?: boolean;
  /** OPC UA name and password, accepted beside anonymous. */
  readonly user?: { readonly name: string; readonly password: string };
  readonly sessionsMax?: number;
  /** Program of the broker; found on the usual paths when absent, "" for the embedded one. */
  readonly mosquitto?: string;
  readonly socat?: string;
  /** Answer HTTP requests that bring faults. */
  readonly control?: boolean;
  readonly clock?: Clock;
  readonly log?: Log;
}

export type Settled = Required<
  Omit<PlantOptions, "replay" | "user" | "truth" | "truthFile" | "faultFile" | "ports">
> &
  Pick<PlantOptions, "replay" | "user" | "truth" | "truthFile" | "faultFile"> & {
    readonly ports: PlantPorts;
  };

export function withDefaults(options: PlantOptions): Settled {
  return {
    machines: 4,
    tags: 0,
    rateHz: 1,
    protocols,
    host: "127.0.0.1",
    seed: 1,
    faults: [],
    trustClients: true,
    sessionsMax: 20,
    mosquitto: "mosquitto",
    socat: "socat",
    control: false,
    clock: systemClock,
    log: silentLog,
    ...options,
    ports: { opcua: 0, modbusTcp: 0, rtuOverTcp: 0, mqtt: 0, control: 0, ...options.ports },
  };
}
