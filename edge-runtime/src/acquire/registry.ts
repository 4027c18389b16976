/** The protocols that a gateway speaks. A new one is its folder and one line here. */
import type { Driver } from "./driver.ts";
import { healthDriver } from "./health/health-driver.ts";
import { modbusDriver } from "./modbus/modbus-driver.ts";
import { mqttDriver } from "./mqtt/mqtt-driver.ts";
import { sparkplugDriver } from "./mqtt/sparkplug-driver.ts";
import { opcuaDriver } from "./opcua/opcua-driver.ts";

/** A driver whose settings are checked by its own schema before it sees them. */
export type AnyDriver = Driver<unknown>;

export const drivers: readonly AnyDriver[] = [
  opcuaDriver as AnyDriver,
  modbusDriver as AnyDriver,
  mqttDriver as AnyDriver,
  sparkplugDriver as AnyDriver,
  healthDriver as AnyDriver,
];
