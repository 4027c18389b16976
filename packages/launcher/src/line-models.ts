/** The bundles that watch the machines of the demo's line (`models/`). */

const bundleOf: Readonly<Record<string, string>> = {
  "pump-1": "pump-health",
  "spindle-1": "spindle-health",
  "press-1": "press-health",
  "oven-1": "oven-health",
};

/** @param devices those that the gateway reads @returns the part `models:` of its settings file */
export function lineModels(folder: string, devices: ReadonlySet<string>): object {
  const bundles = Object.entries(bundleOf).flatMap(([device, bundle]) =>
    devices.has(device) ? [{ bundle, role: "live" }] : [],
  );
  return { folder, bundles };
}
