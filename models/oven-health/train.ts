import { featuresOf } from "../lib/features-of.ts";
import { Mahalanobis } from "../lib/mahalanobis.ts";
import type { Recipe } from "../lib/recipe.ts";

const zones = ["1", "2", "3"].flatMap((zone) => [
  { property: `zone${zone}Temperature`, unit: "Cel", point: `Zone${zone}.Temperature` },
  { property: `zone${zone}Output`, unit: "%", point: `Zone${zone}.Output` },
]);
const inputs = [
  ...zones,
  { property: "gasFlow", unit: "m3/h", point: "Gas.Flow" },
  { property: "gasPressure", unit: "mbar", point: "Gas.Pressure" },
  { property: "exhaustTemperature", unit: "Cel", point: "Exhaust.Temperature" },
  { property: "exhaustOxygen", unit: "%", point: "Exhaust.Oxygen" },
  { property: "chamberPressure", unit: "Pa", point: "Chamber.Pressure" },
  { property: "fanSpeed", unit: "/min", point: "Fan.Speed" },
];
// The door opens every three minutes for a load: one such turn.
const rows = 180;

export const recipe: Recipe = {
  name: "oven-health",
  version: "1.0.0",
  assetType: "oven",
  purpose:
    "Watches a gas-fired oven of three zones at temperature: burners, gas, exhaust and draught. It finds a sensor that a controller hides, because the burner then gives more or less than its zone needs.",
  limitsOfUse: "other temperatures than those it was trained at, and heating up.",
  method: "Mahalanobis distance of means over 180 s and of spreads",
  inputs,
  features: featuresOf(
    [
      { properties: inputs.map(({ property }) => property), kinds: ["mean"], rows },
      {
        properties: ["gasFlow", "exhaustTemperature", "chamberPressure", "exhaustOxygen"],
        kinds: ["spread"],
        rows,
      },
    ],
    10,
  ),
  lag: 0,
  states: ["running"],
  settlingS: 1_800,
  fit: (vectors, map) => Promise.resolve(new Mahalanobis(vectors, map, 0.02)),
  played: {
    machine: 3,
    faults: [
      {
        name: "zone 2 temperature drifts by 6 K/h",
        fault: { kind: "drift", forS: 7_200, point: "Zone2.Temperature", perHour: 6 },
      },
      {
        name: "exhaust temperature drifts by 15 K/h",
        fault: { kind: "drift", forS: 7_200, point: "Exhaust.Temperature", perHour: 15 },
      },
      { name: "gas flow stuck", fault: { kind: "stuck", forS: 3_600, point: "Gas.Flow" } },
      {
        name: "chamber pressure drifts by 4 Pa/h",
        fault: { kind: "drift", forS: 7_200, point: "Chamber.Pressure", perHour: 4 },
      },
      {
        name: "oxygen drifts by 0.5 %/h",
        fault: { kind: "drift", forS: 7_200, point: "Exhaust.Oxygen", perHour: 0.5 },
      },
    ],
  },
};
