/** UCUM codes as a meter prints them. A code that is not here is shown as it is: wrong would be worse than plain. */
const prints: Readonly<Record<string, string>> = {
  Cel: "°C",
  "[degF]": "°F",
  "[psi]": "psi",
  "[g]": "g",
  "L/min": "l/min",
  L: "l",
  "m3/h": "m³/h",
  m3: "m³",
  m2: "m²",
  "m/s2": "m/s²",
  "kW.h": "kWh",
  Ohm: "Ω",
  deg: "°",
  um: "µm",
  us: "µs",
  By: "B",
  kBy: "kB",
  MBy: "MB",
  GBy: "GB",
  MiBy: "MiB",
  "10*6": "×10⁶",
  "1": "",
};

/** @param code UCUM; "" has no unit */
export function unitWords(code: string): string {
  const known = prints[code];
  if (known !== undefined) return known;
  const rate = /^(.+)(\/h)$/.exec(code);
  const counted = prints[rate?.[1] ?? ""];
  if (rate !== null && counted !== undefined) return `${counted}${rate[2] ?? ""}`;
  // Curly braces hold remarks (UCUM 12): "{rev}/min" is read "rev/min".
  return code.replace(/[{}]/g, "").replaceAll(".", "·");
}
