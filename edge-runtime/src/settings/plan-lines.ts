import { plainTextWarnings } from "../broker-address.ts";
import type { AnyDriver } from "../acquire/registry.ts";
import type { PlanLine } from "../acquire/driver.ts";
import type { DeviceSettings } from "./load-device.ts";
import type { Problem } from "./problem.ts";
import type { PublishSettings } from "./publish-check.ts";

/** What all devices of one line mean for it together. */
export interface LinePlan {
  /** As the driver names it: `serial /dev/ttyS0`. */
  readonly line: string;
  readonly devices: readonly string[];
  readonly says: readonly PlanLine[];
}

/** Lines about which there is something to say, in the order of the settings. Touches no network. */
export function planLines(devices: readonly DeviceSettings[]): readonly LinePlan[] {
  const lines = new Map<string, { readonly driver: AnyDriver; readonly users: DeviceSettings[] }>();
  for (const device of devices) {
    const { driver, connection } = device;
    const key = `${driver.protocol} ${driver.line(connection)}`;
    const there = lines.get(key);
    if (there === undefined) lines.set(key, { driver, users: [device] });
    else there.users.push(device);
  }
  return [...lines.values()].flatMap(({ driver, users }) => {
    const says = driver.planLine?.(
      users.map(({ id, connection, tags }) => ({
        device: id,
        settings: connection,
        points: tags.points(),
      })),
    );
    const [first] = users;
    if (first === undefined || says === undefined || says.length === 0) return [];
    return [{ line: driver.line(first.connection), devices: users.map(({ id }) => id), says }];
  });
}

/** What publishing will mean. Touches no network. */
export function planPublish({ sparkplug }: PublishSettings): readonly PlanLine[] {
  if (sparkplug === undefined) return [];
  return plainTextWarnings(sparkplug).map((text) => ({ severity: "warning", text }));
}

/** What a person should be told at the start, although the settings can be used: by device, by line, then of publishing. */
export function warningsOf(
  devices: readonly DeviceSettings[],
  publish: PublishSettings,
): readonly Problem[] {
  const ofDevices = devices.map(({ id, driver, connection, tags }) => ({
    where: `device ${id}`,
    says: driver.plan(connection, tags.points()),
  }));
  const ofLines = planLines(devices).map(({ line, devices: users, says }) => ({
    where: `${line} (${users.join(", ")})`,
    says,
  }));
  const ofPublish = { where: "publish.sparkplug", says: planPublish(publish) };
  return [...ofDevices, ...ofLines, ofPublish].flatMap(({ where, says }) =>
    says
      .filter(({ severity }) => severity === "warning")
      .map(({ text }) => ({ where, what: text })),
  );
}
