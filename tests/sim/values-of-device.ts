/** By its values each sample tells which device made it. */
export const valuesOfDevice = 1e9;

/** The instance of the gateway whose device made it. */
export function boxOf(value: number): number {
  return Math.floor(value / valuesOfDevice);
}
