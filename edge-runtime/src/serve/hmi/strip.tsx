/**
 * The line under the header, always there: the loss of the stream; the worst alarm, or that there is none; and devices
 * that do not deliver.
 */
import { intervalWords, LostNotice, sinceWords, type LiveStore } from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { DeviceStatus, GatewayPage } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { sayAlarmCount } from "./alarm-messages.ts";
import { AlarmStrip, isOpenAlarm } from "./alarm-strip.tsx";
import { alarmRows } from "./alarms.ts";
import { say, sayCount } from "./messages.ts";

/** More names would not be read from where the panel hangs; the Gateway screen has them all. */
const namesShown = 2;

export function Strip(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage | undefined;
}): JSX.Element {
  const { store, page } = props;
  const lost = useComputed(() => store.lost.value);
  const opening = useComputed(() => store.snapshots.value === 0);
  const devices = useComputed(() => devicesWords(store.devices.value, store.secondUs.value));
  const fenced = useComputed(() => store.hub.value?.fenced === true);
  // An alarm needs the room; that all devices are live needs none then.
  const alarmed = useComputed(() => (alarmRows.value ?? []).some(isOpenAlarm)).value;
  if (lost.value) {
    return (
      <div class="strip">
        <LostNotice store={store} peer="gateway" />
        {alarmed && <AlarmStrip store={store} />}
      </div>
    );
  }
  if (alarmed) {
    // An alarm needs the room: the names of devices stand on the Gateway screen.
    const troubles = store.devices.value.filter(({ state }) => state !== "live").length;
    return (
      <div class="strip" data-alarmed="true">
        <AlarmStrip store={store} />
        {(troubles > 0 || fenced.value) && (
          <div class="strip-side">
            {troubles > 0 && (
              <p class="strip-devices">{sayAlarmCount("strip.devices", troubles)}</p>
            )}
            {fenced.value && (
              <p>
                <strong>{say("strip.fenced")}</strong>
              </p>
            )}
          </div>
        )}
      </div>
    );
  }
  return (
    <div class="strip">
      <AlarmStrip store={store} />
      <p class="strip-devices">{opening.value ? say("strip.opening") : devices}</p>
      {fenced.value && (
        <p>
          <strong>{say("strip.fenced")}</strong>
        </p>
      )}
      {page?.commitEveryMs !== undefined && !fenced.value && (
        <p class="strip-loss">{say("strip.loss", { time: intervalWords(page.commitEveryMs) })}</p>
      )}
    </div>
  );
}

function devicesWords(devices: readonly DeviceStatus[], nowUs: number): string {
  if (devices.length === 0) return say("strip.no-devices");
  const trouble = devices.filter((device) => device.state !== "live");
  if (trouble.length === 0) return sayCount("strip.devices", devices.length);
  const names = trouble.slice(0, namesShown).map((device) =>
    say("device.since", {
      name: device.name,
      state: say(`device.state.${device.state}`),
      time: sinceWords(device.sinceUs, nowUs),
    }),
  );
  const rest = trouble.length > namesShown ? " …" : "";
  return sayCount("strip.trouble", trouble.length, { names: names.join("; ") + rest });
}
