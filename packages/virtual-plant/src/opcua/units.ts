import { makeEUInformation, type EUInformation } from "node-opcua";

/**
 * UCUM codes of our points as UN/CEFACT common codes (Recommendation 20), which OPC UA carries as EngineeringUnits
 * (OPC 10000-8, 5.6.3).
 */
const cefact: Readonly<Record<string, readonly [code: string, symbol: string, name: string]>> = {
  "/min": ["RPM", "r/min", "revolutions per minute"],
  A: ["AMP", "A", "ampere"],
  V: ["VLT", "V", "volt"],
  kW: ["KWT", "kW", "kilowatt"],
  "W.h": ["WHR", "W·h", "watt hour"],
  Cel: ["CEL", "°C", "degree Celsius"],
  "mm/s": ["C16", "mm/s", "millimetre per second"],
  bar: ["BAR", "bar", "bar"],
  mbar: ["MBR", "mbar", "millibar"],
  Pa: ["PAL", "Pa", "pascal"],
  "m3/h": ["MQH", "m³/h", "cubic metre per hour"],
  m3: ["MTQ", "m³", "cubic metre"],
  "L/min": ["L2", "l/min", "litre per minute"],
  "%": ["P1", "%", "percent"],
  s: ["SEC", "s", "second [unit of time]"],
  mm: ["MMT", "mm", "millimetre"],
  "m/min": ["2X", "m/min", "metre per minute"],
  t: ["TNE", "t", "tonne (metric ton)"],
};

/** The unit as a server states it; undefined for plain numbers. */
export function engineeringUnits(ucum: string): EUInformation | undefined {
  const known = cefact[ucum];
  return known === undefined ? undefined : makeEUInformation(...known);
}
