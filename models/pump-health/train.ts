import { featuresOf } from "../lib/features-of.ts";
import { Mahalanobis } from "../lib/mahalanobis.ts";
import type { Recipe } from "../lib/recipe.ts";

const inputs = [
  { property: "speed", unit: "/min", point: "Speed.Actual", range: { min: 2_800, max: 3_000 } },
  { property: "motorCurrent", unit: "A", point: "Motor.Current" },
  { property: "motorPower", unit: "kW", point: "Motor.Power" },
  { property: "windingTemperature", unit: "Cel", point: "Motor.WindingTemperature" },
  { property: "bearingTemperature", unit: "Cel", point: "Bearing.Temperature" },
  { property: "bearingVibration", unit: "mm/s", point: "Bearing.Vibration" },
  { property: "otherBearingTemperature", unit: "Cel", point: "BearingNde.Temperature" },
  { property: "otherBearingVibration", unit: "mm/s", point: "BearingNde.Vibration" },
  { property: "flow", unit: "m3/h", point: "Flow.Rate" },
  { property: "dischargePressure", unit: "bar", point: "Discharge.Pressure" },
];
const moving = ["bearingVibration", "motorPower", "flow", "dischargePressure"];
// The process opens and closes its valve every 45 s: two such turns, so that no window sees more of one than of the other.
const rows = 90;

export const recipe: Recipe = {
  name: "pump-health",
  version: "1.0.0",
  assetType: "motor-pump",
  purpose:
    "Watches a motor-pump set as a whole: bearings, motor and hydraulics. It finds wear of a bearing, and a sensor that goes its own way, while each value alone is still usual.",
  limitsOfUse: "speeds other than 2,800 to 3,000 /min, which are named and not scored.",
  method: "Mahalanobis distance of means and spreads over 90 s",
  inputs,
  features: featuresOf(
    [
      { properties: inputs.map(({ property }) => property), kinds: ["mean"], rows },
      { properties: moving, kinds: ["spread"], rows },
    ],
    10,
  ),
  lag: 0,
  states: ["running"],
  settlingS: 120,
  fit: (vectors, map) => Promise.resolve(new Mahalanobis(vectors, map, 0.02)),
  played: {
    machine: 0,
    faults: [
      { name: "bearing wear", fault: { kind: "bearing-wear", forS: 7_200, from: 0.02, to: 0.9 } },
      {
        name: "bearing temperature drifts by 8 K/h",
        fault: { kind: "drift", forS: 7_200, point: "Bearing.Temperature", perHour: 8 },
      },
      {
        name: "flow reads 3 m³/h more each hour",
        fault: { kind: "drift", forS: 7_200, point: "Flow.Rate", perHour: 3 },
      },
      { name: "flow stuck", fault: { kind: "stuck", forS: 3_600, point: "Flow.Rate" } },
      {
        name: "discharge pressure drifts by 0.5 bar/h",
        fault: { kind: "drift", forS: 7_200, point: "Discharge.Pressure", perHour: 0.5 },
      },
      {
        name: "vibration stuck",
        fault: { kind: "stuck", forS: 3_600, point: "Bearing.Vibration" },
      },
    ],
  },
};
