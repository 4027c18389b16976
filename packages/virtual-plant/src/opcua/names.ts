/** The namespace of all our nodes; stable, so that addresses in settings stay true. */
export const namespaceUri = "urn:millwright:virtual-plant";

/** Last part of the endpoint address. */
export const resourcePath = "/plant";

/** `pump-1` is `Pump1` in node ids. */
export function objectName(machine: string): string {
  return machine
    .split("-")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
}

/** The node id of a point, with the namespace by its URI (OPC 10000-6, 5.1.12). */
export function nodeAddress(machine: string, path: string): string {
  return `nsu=${namespaceUri};s=${objectName(machine)}.${path}`;
}
