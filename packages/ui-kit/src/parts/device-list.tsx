/** The devices of one gateway: what each speaks, how it is, since when, and what a person should do. */
import { useComputed } from "@preact/signals";
import type { DeviceStatus } from "@millwright/wire-contract";
import type { JSX } from "preact";

import type { LiveStore } from "../live/live-store.ts";
import { sinceWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import { protocolWords } from "../words/protocols.ts";
import { StateBody } from "./state-body.tsx";

/** The date before a time appears at midnight; nothing here needs to be painted more often than this. */
const minuteUs = 60e6;

export function DeviceList(props: {
  readonly store: LiveStore;
  /** Said when there is none. */
  readonly none: string;
  /**
   * When the hub last heard how they are, µs, where that is too long ago to hold; left out: it is heard, as far as whoever answers
   * this page is.
   */
  readonly untilUs?: number | undefined;
  /** What else is known of a device, in a few words. */
  readonly detailOf?: (device: DeviceStatus) => string;
}): JSX.Element {
  const { store, none, detailOf } = props;
  // A page that has lost whom it asks knows no more than somebody who heard nothing for so long.
  const untilUs = props.untilUs ?? (store.lost.value ? store.heardUs() : undefined);
  const devices = store.devices.value;
  const nowUs = useComputed(() => Math.floor(store.secondUs.value / minuteUs) * minuteUs).value;
  if (devices.length === 0) return <p>{none}</p>;
  return (
    <ul class="devices">
      {devices.map((device) => (
        <li key={device.device} class="device">
          <span class="device-name">{device.name}</span>
          <span class="device-protocol">
            {protocolWords(device.protocol)}
            {device.badge !== "" && <span class="badge">{device.badge}</span>}
          </span>
          <StateBody state={untilUs === undefined ? device.state : "unknown"} />
          <span class="device-since">
            {untilUs === undefined
              ? sayKit("device.since", { time: sinceWords(device.sinceUs, nowUs) })
              : sayKit("device.until", {
                  state: sayKit(`state.${device.state}`),
                  time: sinceWords(untilUs, nowUs),
                })}
          </span>
          <span class="device-note">
            {detailOf !== undefined && <span class="device-detail">{detailOf(device)}</span>}
            {device.note}
          </span>
        </li>
      ))}
    </ul>
  );
}
