import { parseArgs } from "node:util";
import { protocols, type PlantOptions, type Protocol } from "./options.ts";

/** The arguments of the program cannot be understood; the message lists every problem. */
export class UsageRefused extends Error {
  override readonly name = "UsageRefused";
}

export const usage: string = `Virtual plant: machines that speak real protocols and break on schedule.

  node packages/virtual-plant/src/main.ts --data FOLDER [options]

  --data FOLDER          certificates, broker files, serial line, tag tables (made when absent)
  --machines N           machines with a model: pump, spindle, press, oven, pump-2, … (default 4)
  --tags M               tags in all; simple signals on OPC UA and Modbus TCP make up the rest
  --rate HZ              changes per second of the simple signals, 0.1 to 10 (default 1)
  --protocols LIST       which servers run, comma between: ${protocols.join(", ")}
  --seed TEXT            the same seed gives the same machines (default 1)
  --host ADDRESS         where servers listen (default 127.0.0.1)
  --opcua-port N  --modbus-port N  --rtu-over-tcp-port N  --mqtt-port N  --control-port N
                         ports; 0 takes a free one (default 0)
  --faults FILE          schedule of faults, YAML (see packages/virtual-plant/faults/)
  --truth FILE           every value sampled and served, JSON lines, or CSV when the name ends in .csv
  --replay FOLDER        play the CSV recordings of a folder as one more machine
  --replay-over NAME     opcua (default) or modbus
  --replay-speed X       times faster than recorded (default 1)
  --replay-pace NAME     time (default), or, over modbus, read: a row stays until a client has read all of it
  --replay-type NAME     float64 (default) or float32
  --replay-rows N        so many rows of each file at most
  --replay-once          end after the last row instead of beginning again
  --replay-wait          play nothing before POST /replay at the control address
  --ask-trust            OPC UA clients' certificates wait in FOLDER/opcua/pki/rejected until moved to trusted/certs
  --user NAME:PASSWORD   OPC UA user, accepted beside anonymous
  --sessions N           OPC UA sessions at most (default 20)
  --mosquitto PROGRAM    the MQTT broker; "" for the embedded one (default: Mosquitto when installed)
  --end-with-parent      end when standard input closes
  --help

When all servers answer, one line of JSON with their addresses is printed on standard output. SIGTERM or SIGINT end it.
`;

export interface Parsed {
  readonly plant: PlantOptions;
  readonly endWithParent: boolean;
}

/** Throws `UsageRefused` with every problem. */
export function parseArguments(args: readonly string[]): Parsed | "help" {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: flags, strict: true }));
  } catch (failure) {
    throw new UsageRefused(failure instanceof Error ? failure.message : String(failure));
  }
  if (values.help === true) return "help";
  const problems: string[] = [];
  const number = (name: keyof typeof values, low: number, high: number): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text !== "" && value >= low && value <= high) return value;
    problems.push(`--${name} must be a number from ${low} to ${high}, not "${String(text)}"`);
    return undefined;
  };
  const whole = (name: keyof typeof values, low: number, high: number): number | undefined => {
    const value = number(name, low, high);
    if (value === undefined || Number.isInteger(value)) return value;
    problems.push(`--${name} must be a whole number, not ${value}`);
    return undefined;
  };
  const dataFolder = values.data;
  if (dataFolder === undefined) problems.push("--data FOLDER is missing");
  const chosen = values.protocols?.split(",").map((name) => name.trim());
  const unknown = chosen?.filter((name) => !isProtocol(name)) ?? [];
  if (unknown.length > 0) {
    problems.push(
      `--protocols: there is no ${unknown.join(", ")}; there are ${protocols.join(", ")}`,
    );
  }
  const over = values["replay-over"] ?? "opcua";
  if (over !== "opcua" && over !== "modbus") {
    problems.push(`--replay-over must be opcua or modbus, not "${over}"`);
  }
  const pace = values["replay-pace"] ?? "time";
  if (pace !== "time" && pace !== "read") {
    problems.push(`--replay-pace must be time or read, not "${pace}"`);
  } else if (pace === "read" && over !== "modbus") {
    problems.push("--replay-pace read is there with --replay-over modbus only");
  }
  const type = values["replay-type"] ?? "float64";
  if (type !== "float32" && type !== "float64") {
    problems.push(`--replay-type must be float64 or float32, not "${type}"`);
  }
  const [userName = "", ...passwordParts] = values.user?.split(":") ?? [];
  if (values.user !== undefined && (userName === "" || passwordParts.length === 0)) {
    problems.push("--user must be NAME:PASSWORD");
  }
  const machines = whole("machines", 0, 100);
  const tags = whole("tags", 0, 100_000);
  const rateHz = number("rate", 0.1, 10);
  const sessionsMax = whole("sessions", 1, 1_000);
  const speed = number("replay-speed", 0.01, 1_000) ?? 1;
  const rowsMax = whole("replay-rows", 1, 1_000_000_000);
  const ports = {
    opcua: whole("opcua-port", 0, 65_535) ?? 0,
    modbusTcp: whole("modbus-port", 0, 65_535) ?? 0,
    rtuOverTcp: whole("rtu-over-tcp-port", 0, 65_535) ?? 0,
    mqtt: whole("mqtt-port", 0, 65_535) ?? 0,
    control: whole("control-port", 0, 65_535) ?? 0,
  };
  if (problems.length > 0 || dataFolder === undefined) throw new UsageRefused(problems.join("\n"));
  return {
    endWithParent: values["end-with-parent"] === true,
    plant: {
      dataFolder,
      ports,
      control: true,
      trustClients: values["ask-trust"] !== true,
      ...(machines !== undefined && { machines }),
      ...(tags !== undefined && { tags }),
      ...(rateHz !== undefined && { rateHz }),
      ...(sessionsMax !== undefined && { sessionsMax }),
      ...(chosen !== undefined && { protocols: chosen.filter(isProtocol) }),
      ...(values.seed !== undefined && { seed: values.seed }),
      ...(values.host !== undefined && { host: values.host }),
      ...(values.faults !== undefined && { faultFile: values.faults }),
      ...(values.truth !== undefined && { truthFile: values.truth }),
      ...(values.mosquitto !== undefined && { mosquitto: values.mosquitto }),
      ...(values.replay !== undefined && {
        replay: {
          folder: values.replay,
          over: over === "modbus" ? "modbus" : "opcua",
          speed,
          pace: pace === "read" ? "read" : "time",
          type: type === "float32" ? "float32" : "float64",
          once: values["replay-once"] === true,
          wait: values["replay-wait"] === true,
          ...(rowsMax !== undefined && { rowsMax }),
        },
      }),
      ...(values.user !== undefined && {
        user: { name: userName, password: passwordParts.join(":") },
      }),
    },
  };
}

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const flags = {
  ...{
    data: text,
    machines: text,
    tags: text,
    rate: text,
    protocols: text,
    seed: text,
    host: text,
  },
  ...{ faults: text, truth: text, replay: text, "replay-over": text, "replay-speed": text },
  ...{ "replay-pace": text, "replay-type": text, "replay-rows": text },
  ...{ "replay-once": flag, "replay-wait": flag },
  ...{ "opcua-port": text, "modbus-port": text, "rtu-over-tcp-port": text, "mqtt-port": text },
  ...{ "control-port": text, user: text, sessions: text, mosquitto: text },
  ...{ "ask-trust": flag, "end-with-parent": flag, help: flag },
};

function isProtocol(name: string): name is Protocol {
  return protocols.some((protocol) => protocol === name);
}
