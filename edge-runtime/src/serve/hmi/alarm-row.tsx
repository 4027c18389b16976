/** One row of the list: what it is, since when, and the one thing that is to be done about it. */
import {
  AlarmSymbol,
  alarmWords,
  clockWords,
  sinceWords,
  type ListedAlarm,
  type LiveStore,
} from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { AlarmRow } from "@millwright/wire-contract/events";
import type { JSX } from "preact";

import { flagWordsOf, valueWordsOf } from "./alarm-facts.ts";
import { sayAlarm, sayAlarmCount } from "./alarm-messages.ts";

export function AlarmRowView(props: {
  readonly store: LiveStore;
  readonly row: AlarmRow;
  readonly chosen: boolean;
  readonly sending: boolean;
  readonly onChoose: (id: string) => void;
  readonly onAct: (rows: readonly AlarmRow[]) => void;
}): JSX.Element {
  const { store, row } = props;
  const words = useComputed(() => alarmWords(row, store.secondUs.value)).value;
  const value = valueWordsOf(row);
  const facts = [value, row.asset, ...flagWordsOf(row)].filter((part) => part !== "");
  return (
    <div class="alarm-row" data-chosen={props.chosen}>
      <button
        type="button"
        class="alarm-row-open"
        aria-pressed={props.chosen}
        onClick={() => {
          props.onChoose(row.id);
        }}
      >
        <AlarmSymbol priority={row.priority} state={row.state} />
        <span class="alarm-row-state">
          <strong data-state={row.state}>{words}</strong>
          <span>{row.raisedUs > 0 ? clockWords(row.raisedUs) : ""}</span>
        </span>
        <span class="alarm-row-words">
          <span class="alarm-row-message">{row.message}</span>
          <span class="alarm-row-facts">{facts.join(" · ")}</span>
        </span>
      </button>
      <RowAct row={row} sending={props.sending} onAct={props.onAct} />
    </div>
  );
}

/** The same element before and after, so that the focus stays on it. */
function RowAct(props: {
  readonly row: AlarmRow;
  readonly sending: boolean;
  readonly onAct: (rows: readonly AlarmRow[]) => void;
}): JSX.Element {
  const { row, sending } = props;
  const open = row.state === "unacknowledged" || row.state === "returned";
  const label = sending
    ? sayAlarm("row.sending")
    : open
      ? sayAlarm("row.acknowledge")
      : row.state === "latched"
        ? sayAlarm("row.reset")
        : row.state === "acknowledged" || row.state === "normal"
          ? sayAlarm("row.acknowledged")
          : "";
  const possible = !sending && (open || row.state === "latched");
  return (
    <button
      type="button"
      class="button alarm-row-act"
      aria-disabled={!possible}
      hidden={label === ""}
      onClick={() => {
        if (possible) props.onAct([row]);
      }}
    >
      {label}
    </button>
  );
}

/** During a flood: a machine, what came first at it, and how many followed. */
export function GroupRowView(props: {
  readonly group: ListedAlarm & { readonly kind: "group" };
  readonly onToggle: (key: string) => void;
}): JSX.Element {
  const { key, asset, cause, count, unacknowledged, priority, open } = props.group;
  const name = asset === "" ? sayAlarm("asset.none") : asset;
  const time = sinceWords(cause.raisedUs, cause.raisedUs);
  return (
    <div class="alarm-row">
      <button
        type="button"
        class="alarm-row-open"
        aria-expanded={open}
        onClick={() => {
          props.onToggle(key);
        }}
      >
        <AlarmSymbol
          priority={priority}
          state={unacknowledged > 0 ? "unacknowledged" : "acknowledged"}
        />
        <span class="alarm-row-state">
          <strong>{sayAlarm("group.unack", { count: String(unacknowledged) })}</strong>
          <span>{sayAlarm(open ? "group.close" : "group.open")}</span>
        </span>
        <span class="alarm-row-words">
          <span class="alarm-row-message">
            {sayAlarmCount("group.title", count, { asset: name })}
          </span>
          <span class="alarm-row-facts">
            {sayAlarm("group.cause", { message: cause.message, time })}
          </span>
        </span>
      </button>
    </div>
  );
}
