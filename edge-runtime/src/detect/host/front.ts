/** The detect host without a gateway around it: for benches. */
export { hostFile } from "./host-file.ts";
export { openUnit } from "./host-unit.ts";
export { findIsolation } from "./isolation.ts";
export { ModelHost, type ModelHostListener } from "./model-host.ts";
export { toStack, weightRows } from "./stacking.ts";
export type { SlottedBundle } from "./unit-plan.ts";
