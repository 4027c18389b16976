/** Protocols as a technician says them. A name that is not here is shown as it is. */
const names: Readonly<Record<string, string>> = {
  opcua: "OPC UA",
  modbus: "Modbus",
  mqtt: "MQTT",
  sparkplug: "Sparkplug B",
  health: "own health",
};

/** @param protocol the name in the settings */
export function protocolWords(protocol: string): string {
  return names[protocol] ?? protocol;
}
