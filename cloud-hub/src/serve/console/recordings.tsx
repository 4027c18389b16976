/**
 * Recordings of chosen values: what is ordered of their gateways, and a form that orders one more (ux-guide 9, C6 and C3). What
 * comes of it can be looked at and had as a file beside each.
 */
import { FailedState } from "@millwright/ui-kit";
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

import { RecordingForm } from "./recording-form.tsx";
import { RecordingList } from "./recording-list.tsx";
import { sayRecording, sayRecordingCount } from "./recording-messages.ts";
import { shownRecordings, type RecordedValues } from "./recording-view.ts";
import { useRecordings } from "./use-recordings.ts";

export interface RecordingsProps {
  /** What the form orders; nothing can be ordered of no values. */
  readonly groups: readonly RecordedValues[];
  /** Of this gateway all recordings are listed, and not only those of the values. */
  readonly allOf?: string;
  /** Said where there is none; left out: nothing. */
  readonly none?: string;
  /** Stands above the form. */
  readonly children?: ComponentChildren;
  /** The hub's clock, µs. */
  readonly nowUs: () => number;
  readonly wallMs: () => number;
}

export function Recordings(props: RecordingsProps): JSX.Element {
  const { groups, allOf, nowUs, wallMs } = props;
  const gateways = allOf === undefined ? groups.map(({ gateway }) => gateway) : [allOf];
  const recordings = useRecordings(gateways, wallMs);
  const [open, setOpen] = useState(false);
  const [said, setSaid] = useState("");
  const lists = gateways.flatMap((gateway) => {
    const group = groups.find((one) => one.gateway === gateway);
    const tags = allOf === undefined ? group?.tags.map(({ id }) => id) : undefined;
    const shown = shownRecordings(recordings.of(gateway) ?? [], tags);
    return shown.length === 0 ? [] : [{ gateway, name: group?.name ?? gateway, shown }];
  });
  const isKnown = gateways.every((gateway) => recordings.of(gateway) !== undefined);
  return (
    <section class="recordings" aria-label={sayRecording("title")}>
      <div class="button-row">
        <button
          type="button"
          class="button"
          aria-expanded={open}
          onClick={() => {
            setSaid("");
            setOpen((now) => !now);
          }}
        >
          {sayRecording("open")}
        </button>
        <p class="recording-now" role="status">
          {said}
        </p>
      </div>
      {open && (
        <div class="panel">
          {props.children}
          {groups.length > 0 && (
            <RecordingForm
              groups={groups}
              nowUs={nowUs}
              wallMs={wallMs}
              onOrdered={(count) => {
                setSaid(sayRecordingCount("form.ordered", count));
                setOpen(false);
                recordings.lookAgain();
              }}
              onFailed={recordings.lookAgain}
              onClose={() => setOpen(false)}
            />
          )}
        </div>
      )}
      {recordings.failedMs !== undefined && (
        <FailedState
          what={sayRecording("failed")}
          sinceMs={recordings.failedMs}
          onRetry={recordings.lookAgain}
        />
      )}
      {lists.map(({ gateway, name, shown }) => (
        <div key={gateway}>
          {gateways.length > 1 && <h3>{name}</h3>}
          <RecordingList
            gateway={gateway}
            recordings={shown}
            nowUs={nowUs}
            onCancelled={recordings.lookAgain}
          />
        </div>
      ))}
      {lists.length === 0 && isKnown && props.none !== undefined && <p>{props.none}</p>}
    </section>
  );
}
