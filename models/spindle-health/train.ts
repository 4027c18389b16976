import { DynamicPca } from "../lib/dynamic-pca.ts";
import { featuresOf } from "../lib/features-of.ts";
import type { Recipe } from "../lib/recipe.ts";

const inputs = [
  { property: "speed", unit: "/min", point: "Speed" },
  { property: "speedOverride", unit: "%", point: "Override", range: { min: 55, max: 115 } },
  { property: "load", unit: "%", point: "Load" },
  { property: "bearingTemperature", unit: "Cel", point: "Bearing.Temperature" },
  { property: "bearingVibration", unit: "mm/s", point: "Bearing.Vibration" },
  { property: "motorTemperature", unit: "Cel", point: "Motor.Temperature" },
  { property: "coolantFlow", unit: "L/min", point: "Coolant.Flow" },
  { property: "coolantTemperature", unit: "Cel", point: "Coolant.Temperature" },
];
// A part takes 46 s: three of them, so that each window sees all tools alike.
const rows = 138;

export const recipe: Recipe = {
  name: "spindle-health",
  version: "1.0.0",
  assetType: "spindle",
  purpose:
    "Watches the spindle of a machining centre over whole parts: bearing, motor and coolant, at the speed that the override asks for. It finds wear of the front bearing and sensors that go their own way.",
  limitsOfUse:
    "part programs that take another time than the one it was trained with: train again on your own history.",
  method: "dynamic PCA (T² and Q, two windows of 10 s before) of means over 138 s",
  inputs,
  features: featuresOf(
    [
      { properties: inputs.map(({ property }) => property), kinds: ["mean"], rows },
      { properties: ["load", "bearingVibration", "coolantFlow"], kinds: ["spread"], rows },
    ],
    10,
  ),
  lag: 2,
  states: ["running"],
  settlingS: 120,
  fit: (vectors, map) => Promise.resolve(new DynamicPca(vectors, map)),
  played: {
    machine: 1,
    setpoint: { point: "Override", values: [100, 60, 80, 110, 70, 90] },
    faults: [
      { name: "bearing wear", fault: { kind: "bearing-wear", forS: 7_200, from: 0.03, to: 0.9 } },
      {
        name: "bearing temperature drifts by 6 K/h",
        fault: { kind: "drift", forS: 7_200, point: "Bearing.Temperature", perHour: 6 },
      },
      {
        name: "motor temperature drifts by 8 K/h",
        fault: { kind: "drift", forS: 7_200, point: "Motor.Temperature", perHour: 8 },
      },
      { name: "coolant flow stuck", fault: { kind: "stuck", forS: 3_600, point: "Coolant.Flow" } },
      { name: "load stuck", fault: { kind: "stuck", forS: 3_600, point: "Load" } },
    ],
  },
};
