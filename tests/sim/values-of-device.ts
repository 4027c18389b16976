/** By its values each sample tells which device made it. */
export const valuesOfDevice = 1e9;
