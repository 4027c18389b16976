import type { ModbusPoint } from "./point-map.ts";

const fahrenheit = { code: "[degF]", from: (celsius: number) => celsius * 1.8 + 32 };

/**
 * The register list of the press: measured values as scaled 16-bit input registers with gaps between groups, counters
 * and floats with swapped words (CDAB) in holding registers, as controllers of this age have them.
 */
export const pressMap: readonly ModbusPoint[] = [
  { path: "Produced", table: "input", address: 0, type: "uint32" },
  { path: "State", table: "input", address: 2, type: "enum" },
  { path: "Mode", table: "input", address: 3, type: "enum" },
  { path: "Ram.Position", table: "input", address: 4, type: "int16", scale: 0.1 },
  { path: "Ram.Force", table: "input", address: 5, type: "int16", scale: 0.1 },
  { path: "Ram.PeakForce", table: "input", address: 6, type: "int16", scale: 0.1 },
  {
    path: "Hydraulics.Pressure",
    table: "input",
    address: 7,
    type: "uint16",
    scale: 0.1,
    sentinel: 0xffff,
  },
  { path: "Hydraulics.PilotPressure", table: "input", address: 8, type: "uint16", scale: 0.1 },
  { path: "FaultWord", table: "input", address: 9, type: "uint16" },
  {
    path: "Oil.Temperature",
    table: "input",
    address: 20,
    type: "int16",
    scale: 0.1,
    sentinel: -32_768,
  },
  { path: "Oil.Level", table: "input", address: 21, type: "uint16", scale: 0.1, sentinel: 0xffff },
  { path: "Oil.Cleanliness", table: "input", address: 22, type: "uint16" },
  {
    path: "Pump.Temperature",
    table: "input",
    address: 23,
    type: "int16",
    scale: 0.1,
    sentinel: -32_768,
  },
  {
    path: "Ambient.Temperature",
    table: "input",
    address: 24,
    type: "int16",
    scale: 0.1,
    deviceUnit: fahrenheit,
  },
  {
    path: "Die.Offset",
    table: "input",
    address: 25,
    type: "int16",
    scale: 0.1,
    encoding: "sign-magnitude",
  },
  { path: "Stroke.Count16", table: "holding", address: 100, type: "uint16" },
  { path: "Stroke.Count", table: "holding", address: 101, type: "uint32", order: "CDAB" },
  { path: "Stroke.Rate", table: "holding", address: 103, type: "float32", order: "CDAB" },
  { path: "Stroke.RateSetpoint", table: "holding", address: 105, type: "float32", order: "CDAB" },
  { path: "Ram.ForceSetpoint", table: "holding", address: 107, type: "uint16" },
  {
    path: "Motor.Power",
    table: "holding",
    address: 110,
    type: "float32",
    order: "CDAB",
    together: "motor",
  },
  { path: "Motor.Energy", table: "holding", address: 112, type: "uint64", together: "motor" },
  { path: "Job.Number", table: "holding", address: 120, type: "uint32", order: "DCBA" },
  { path: "Model", table: "holding", address: 130, type: "string", length: 8 },
  { path: "Die.Name", table: "holding", address: 140, type: "string", length: 8, order: "BADC" },
  { path: "Automatic", table: "coil", address: 0, type: "bool" },
  { path: "Guard.Closed", table: "discrete", address: 0, type: "bool" },
  { path: "Oil.CoolerOn", table: "discrete", address: 1, type: "bool" },
  { path: "Lubrication.Active", table: "discrete", address: 7, type: "bool" },
];
