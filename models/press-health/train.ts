import { Autoencoder } from "../lib/autoencoder.ts";
import { featuresOf } from "../lib/features-of.ts";
import type { Recipe } from "../lib/recipe.ts";

const inputs = [
  { property: "peakForce", unit: "t", point: "Ram.PeakForce" },
  { property: "ramForce", unit: "t", point: "Ram.Force" },
  { property: "systemPressure", unit: "bar", point: "Hydraulics.Pressure" },
  { property: "oilTemperature", unit: "Cel", point: "Oil.Temperature" },
  { property: "pumpTemperature", unit: "Cel", point: "Pump.Temperature" },
  { property: "strokeRate", unit: "/min", point: "Stroke.Rate", range: { min: 22, max: 26 } },
  { property: "motorPower", unit: "kW", point: "Motor.Power" },
];

export const recipe: Recipe = {
  name: "press-health",
  version: "1.0.0",
  assetType: "press",
  purpose:
    "Watches a hydraulic press over ten minutes: forces, pressure, oil and pump. It finds oil or pump temperatures that do not fit the work, and sensors that drift or stand still.",
  limitsOfUse: "stroke rates other than 22 to 26 /min, which are named and not scored.",
  method: "autoencoder (32-8-32) of ten windows of means and spreads over 60 s",
  inputs,
  features: featuresOf(
    [
      { properties: inputs.map(({ property }) => property), kinds: ["mean"], rows: 60 },
      { properties: ["ramForce", "systemPressure", "motorPower"], kinds: ["spread"], rows: 60 },
    ],
    60,
  ),
  lag: 9,
  states: ["running"],
  settlingS: 120,
  fit: (vectors, map, random, say) =>
    Autoencoder.fit(vectors, map, random, 60, (done, error) => {
      if (done % 10 === 0) say(`epoch ${done} of 60, mean squared error ${error.toPrecision(3)}`);
    }),
  played: {
    machine: 2,
    faults: [
      {
        name: "oil temperature drifts by 6 K/h",
        fault: { kind: "drift", forS: 7_200, point: "Oil.Temperature", perHour: 6 },
      },
      {
        name: "pump temperature drifts by 8 K/h",
        fault: { kind: "drift", forS: 7_200, point: "Pump.Temperature", perHour: 8 },
      },
      {
        name: "pressure drifts by 15 bar/h",
        fault: { kind: "drift", forS: 7_200, point: "Hydraulics.Pressure", perHour: 15 },
      },
      { name: "force stuck", fault: { kind: "stuck", forS: 3_600, point: "Ram.Force" } },
      { name: "motor power stuck", fault: { kind: "stuck", forS: 3_600, point: "Motor.Power" } },
    ],
  },
};
