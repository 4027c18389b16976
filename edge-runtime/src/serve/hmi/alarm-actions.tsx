/** What a person may do to an alarm. Asking for a reason or a number stands before the act, and what is not possible says why. */
import { Button, clockWords, hrefOf } from "@millwright/ui-kit";
import type { AlarmRow } from "@millwright/wire-contract/events";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { AlarmAct } from "../../hand-over.ts";
import { sayAlarm } from "./alarm-messages.ts";
import { shift } from "./alarms.ts";
import { mayAct } from "./people.ts";

/** One act, without the alarm that it is about. */
export type AlarmActBody = WithoutAlarm<AlarmAct>;
type WithoutAlarm<Act> = Act extends AlarmAct ? Omit<Act, "alarm"> : never;

export type SendAct = (alarms: readonly string[], bodies: readonly AlarmActBody[]) => void;

const shelveMinutes = [15, 60, 240, 480] as const;
const hourUs = 3_600_000_000;

export function AlarmActions(props: {
  readonly row: AlarmRow;
  readonly onAct: SendAct;
}): JSX.Element {
  const { row } = props;
  const send = (body: AlarmActBody): void => {
    props.onAct([row.id], [body]);
  };
  if (!mayAct("technician")) {
    return (
      <p>
        <a class="button" href={hrefOf("sign-in")}>
          {sayAlarm("act.sign-in")}
        </a>
      </p>
    );
  }
  const { state } = row;
  return (
    <div class="alarm-actions">
      {(state === "unacknowledged" || state === "returned") && (
        <Button
          label={sayAlarm("row.acknowledge")}
          onPress={() => send({ act: "acknowledge", raisedUs: row.raisedUs })}
        />
      )}
      {state === "latched" && (
        <Button label={sayAlarm("row.reset")} onPress={() => send({ act: "reset" })} />
      )}
      {state === "shelved" && (
        <Button label={sayAlarm("act.unshelve")} onPress={() => send({ act: "unshelve" })} />
      )}
      {state === "out-of-service" ? (
        <Button label={sayAlarm("act.return")} onPress={() => send({ act: "return-to-service" })} />
      ) : (
        <>
          {state !== "suppressed" && <Shelve row={row} onAct={send} />}
          <OutOfService onAct={send} />
        </>
      )}
    </div>
  );
}

function Shelve(props: {
  readonly row: AlarmRow;
  readonly onAct: (body: AlarmActBody) => void;
}): JSX.Element {
  const [reason, setReason] = useState("");
  const [lacking, setLacking] = useState(false);
  const { priority, shelveHoursMax, holds } = props.row;
  const { nowUs = 0, endUs = NaN } = shift.value ?? {};
  // In whole minutes: shifts end at one.
  const shiftEnd = endUs - nowUs <= shelveHoursMax * hourUs ? clockWords(endUs).slice(0, 5) : "";
  if (priority === 1 && !mayAct("supervisor")) return <p>{sayAlarm("act.supervisor")}</p>;
  const withReason = (act: AlarmActBody) => (): void => {
    if (reason.trim() === "") setLacking(true);
    else props.onAct(act);
  };
  return (
    <fieldset class="alarm-form">
      <legend>{sayAlarm("act.shelve.for")}</legend>
      <label class="find">
        <span>{sayAlarm("act.reason")}</span>
        <input
          type="text"
          maxLength={200}
          value={reason}
          onInput={(event) => {
            setReason(event.currentTarget.value);
            setLacking(false);
          }}
        />
      </label>
      <p class="alarm-lacking" role="status">
        {lacking ? sayAlarm("act.reason.needed") : ""}
      </p>
      <div class="button-row">
        {shelveMinutes
          .filter((minutes) => minutes <= shelveHoursMax * 60)
          .map((minutes) => (
            <Button
              key={minutes}
              label={
                minutes < 60
                  ? sayAlarm("act.minutes", { minutes: String(minutes) })
                  : sayAlarm("act.hours", { hours: String(minutes / 60) })
              }
              onPress={withReason({ act: "shelve", minutes, reason })}
            />
          ))}
        {shiftEnd !== "" && (
          <Button
            label={sayAlarm("act.until-shift-ends", { time: shiftEnd })}
            onPress={withReason({ act: "shelve-until", untilUs: endUs, reason })}
          />
        )}
        {holds && (
          <Button
            label={sayAlarm("act.until-clear")}
            onPress={withReason({ act: "shelve-until-clear", reason })}
          />
        )}
      </div>
    </fieldset>
  );
}

function OutOfService(props: { readonly onAct: (body: AlarmActBody) => void }): JSX.Element {
  const [workOrder, setWorkOrder] = useState("");
  const [lacking, setLacking] = useState(false);
  return (
    <fieldset class="alarm-form">
      <legend>{sayAlarm("act.remove")}</legend>
      <label class="find">
        <span>{sayAlarm("act.work-order")}</span>
        <input
          type="text"
          maxLength={200}
          value={workOrder}
          onInput={(event) => {
            setWorkOrder(event.currentTarget.value);
            setLacking(false);
          }}
        />
      </label>
      <p class="alarm-lacking" role="status">
        {lacking ? sayAlarm("act.work-order.needed") : ""}
      </p>
      <Button
        label={sayAlarm("act.remove")}
        onPress={() => {
          if (workOrder.trim() === "") setLacking(true);
          else props.onAct({ act: "take-out-of-service", workOrder });
        }}
      />
    </fieldset>
  );
}
