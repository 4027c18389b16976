/** The machines of the virtual plant as assets in the settings of a gateway: what their tags mean and what tells their state. */

interface LineAsset {
  readonly id: string;
  readonly device: string;
  readonly type: string;
  /** Tag within the device by property. Bundles name their inputs by type and property. */
  readonly tags: Readonly<Record<string, string>>;
  readonly state: {
    readonly tag: string;
    readonly values: Readonly<Record<string, string>>;
    readonly settleS: number;
  };
  readonly context?: Readonly<Record<string, string>>;
  readonly ignore?: readonly string[];
  readonly relativeTo?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const pump: LineAsset = {
  id: "Pump 1",
  device: "pump-1",
  type: "motor-pump",
  tags: {
    speed: "speed-actual",
    speedSetpoint: "speed-setpoint",
    motorCurrent: "motor-current",
    motorVoltage: "motor-voltage",
    motorPower: "motor-power",
    powerFactor: "motor-power-factor",
    windingTemperature: "motor-winding-temperature",
    bearingTemperature: "bearing-temperature",
    bearingVibration: "bearing-vibration",
    otherBearingTemperature: "bearing-nde-temperature",
    otherBearingVibration: "bearing-nde-vibration",
    suctionPressure: "suction-pressure",
    dischargePressure: "discharge-pressure",
    flow: "flow-rate",
    fluidTemperature: "fluid-temperature",
    ambientTemperature: "ambient-temperature",
    valvePosition: "valve-position",
  },
  state: {
    tag: "state",
    values: { "0": "off", "1": "starting", "2": "running", "3": "off", "4": "off" },
    settleS: 60,
  },
  context: { product: "recipe-name" },
  // The hall is what it is; the motor is judged by how much warmer it is.
  ignore: ["ambientTemperature"],
  relativeTo: {
    windingTemperature: "ambientTemperature",
    bearingTemperature: "ambientTemperature",
    otherBearingTemperature: "ambientTemperature",
  },
  // ISO 20816-3, boundary of zones C and D of a machine of this size on a rigid foundation, mm/s; grease of the bearing, °C.
  limits: { bearingVibration: { high: 4.5 }, bearingTemperature: { high: 90 } },
};

const spindle: LineAsset = {
  id: "Spindle 1",
  device: "spindle-1",
  type: "spindle",
  tags: {
    speed: "speed",
    speedOverride: "override",
    load: "load",
    bearingTemperature: "bearing-temperature",
    bearingVibration: "bearing-vibration",
    motorTemperature: "motor-temperature",
    coolantFlow: "coolant-flow",
    coolantTemperature: "coolant-temperature",
    coolantLevel: "coolant-level",
    toolLife: "tool-life",
    axisX: "axis-x",
  },
  state: {
    tag: "state",
    // A tool change takes four seconds and is part of the work.
    values: { "0": "off", "1": "running", "2": "running", "3": "changeover", "4": "maintenance" },
    settleS: 60,
  },
  context: { job: "job-number", tool: "tool-number" },
  // Where the program moves to, and how long a tool still lasts, is what the machine makes and not how it is.
  ignore: ["axisX", "toolLife"],
  limits: { bearingVibration: { high: 4.5 }, bearingTemperature: { high: 70 } },
};

const press: LineAsset = {
  id: "Press 1",
  device: "press-1",
  type: "press",
  tags: {
    ramPosition: "ram-position",
    ramForce: "ram-force",
    peakForce: "ram-peak-force",
    forceSetpoint: "ram-force-setpoint",
    systemPressure: "hydraulics-pressure",
    pilotPressure: "hydraulics-pilot-pressure",
    oilTemperature: "oil-temperature",
    oilLevel: "oil-level",
    pumpTemperature: "pump-temperature",
    ambientTemperature: "ambient-temperature",
    dieOffset: "die-offset",
    strokeRate: "stroke-rate",
    strokeRateSetpoint: "stroke-rate-setpoint",
    motorPower: "motor-power",
  },
  state: {
    tag: "state",
    values: { "0": "off", "1": "starting", "2": "running", "3": "off", "4": "maintenance" },
    settleS: 60,
  },
  context: { job: "job-number", product: "die-name" },
  // It sinks for two days and is made up within a second, as it should be: only too little of it is wrong.
  ignore: ["oilLevel"],
  limits: { oilLevel: { low: 58 }, oilTemperature: { high: 60 } },
};

const oven: LineAsset = {
  id: "Oven 1",
  device: "oven-1",
  type: "oven",
  tags: {
    zone1Temperature: "zone1-temperature",
    zone2Temperature: "zone2-temperature",
    zone3Temperature: "zone3-temperature",
    zone1Setpoint: "zone1-setpoint",
    zone2Setpoint: "zone2-setpoint",
    zone3Setpoint: "zone3-setpoint",
    zone1Output: "zone1-output",
    zone2Output: "zone2-output",
    zone3Output: "zone3-output",
    gasFlow: "gas-flow",
    gasPressure: "gas-pressure",
    exhaustTemperature: "exhaust-temperature",
    exhaustOxygen: "exhaust-oxygen",
    chamberPressure: "chamber-pressure",
    fanSpeed: "fan-speed",
    beltSpeed: "belt-speed",
    beltSpeedSetpoint: "belt-speed-setpoint",
  },
  state: {
    tag: "state",
    values: { "0": "off", "1": "starting", "2": "running", "3": "off" },
    // Three walls of a hundred kilograms each take their time.
    settleS: 600,
  },
  limits: { gasPressure: { low: 45, high: 55 } },
};

/** @param devices those that the gateway reads @returns a list for `assets:` of its settings file */
export function lineAssets(devices: ReadonlySet<string>): readonly object[] {
  return [pump, spindle, press, oven]
    .filter(({ device }) => devices.has(device))
    .map(({ id, device, type, tags, state, context = {}, ...rest }) => {
      const full = (names: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
        Object.fromEntries(
          Object.entries(names).map(([property, tag]) => [property, `${device}/${tag}`]),
        );
      return {
        id,
        type,
        tags: full(tags),
        state: { ...state, tag: `${device}/${state.tag}` },
        context: full(context),
        detection: {
          ignore: rest.ignore ?? [],
          relativeTo: rest.relativeTo ?? {},
          limits: rest.limits ?? {},
        },
      };
    });
}
