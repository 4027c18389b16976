export { startPlant, type Plant } from "./plant.ts";
export type { PlantEndpoints } from "./endpoints.ts";
export {
  protocols,
  type PlantOptions,
  type PlantPorts,
  type Protocol,
  type ReplayOptions,
} from "./options.ts";
export type { PlantFault } from "./faults/fault.ts";
export { FaultsRefused, loadSchedule } from "./faults/schedule.ts";
export type { ActiveFault } from "./faults/trouble.ts";
export type { TruthRecord, TruthSink } from "./truth/truth-log.ts";
export type { Capture, Machine, PlantValue, PointSpec } from "./machine.ts";
export { modbusMapOf } from "./modbus/maps.ts";
export type { ModbusPoint } from "./modbus/point-map.ts";
export { nodeAddress, namespaceUri } from "./opcua/names.ts";
export { tagTable, type TableProtocol } from "./tables/tag-table.ts";
