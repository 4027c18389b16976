/** Recordings of one gateway: how far each is, what shows it or brings it as a file, and a button that ends it. */
import { Button } from "@millwright/ui-kit";
import { cancelOrder, isOrderOver } from "@millwright/ui-kit/orders";
import { rangeText, sourcesMax } from "@millwright/ui-kit/trends";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { sayRecording } from "./recording-messages.ts";
import { samplesHeld, type Recording } from "./recording-view.ts";
import { recordingWords, timesOf } from "./recording-words.ts";
import { exportHref, trendsHref } from "./trends-address.ts";
import { recordingsAddress } from "./use-recordings.ts";

export function RecordingList(props: {
  readonly gateway: string;
  readonly recordings: readonly Recording[];
  /** The hub's clock, µs. */
  readonly nowUs: () => number;
  readonly onCancelled: () => void;
}): JSX.Element {
  const { gateway, recordings, onCancelled } = props;
  const [failure, setFailure] = useState("");
  const cancel = async ({ id }: Recording): Promise<void> => {
    const answer = await cancelOrder(`${recordingsAddress(gateway)}/${id}`);
    setFailure(
      answer.kind === "refused"
        ? sayRecording("cancel.refused", { why: answer.reason })
        : answer.kind === "unreachable"
          ? sayRecording("cancel.unreachable")
          : "",
    );
    onCancelled();
  };
  return (
    <>
      <ul class="recording-list">
        {recordings.map((one) => (
          <li key={one.id}>
            <span>{recordingWords(one, props.nowUs())}</span>
            <span class="button-row">
              {samplesHeld(one).hub > 0 && <Shown gateway={gateway} one={one} />}
              {!isOrderOver(one) && (
                <Button
                  label={sayRecording("cancel")}
                  reads={sayRecording("cancel.reads", timesOf(one))}
                  onPress={() => void cancel(one)}
                />
              )}
            </span>
          </li>
        ))}
      </ul>
      <p class="recording-said" role="alert">
        {failure}
      </p>
    </>
  );
}

/** Where what was recorded can be looked at, and had as a file. */
function Shown(props: { readonly gateway: string; readonly one: Recording }): JSX.Element {
  const { gateway, one } = props;
  const times = timesOf(one);
  const shown = one.tags.slice(0, sourcesMax).map((tag) => ({ gateway, tag }));
  return (
    <>
      <a
        class="button"
        href={trendsHref(rangeText({ ...one, live: false }), shown)}
        aria-label={sayRecording("show.reads", times)}
      >
        {sayRecording("show")}
      </a>
      <a
        class="button"
        download
        href={exportHref(gateway, one.tags, one)}
        aria-label={sayRecording("file.reads", times)}
      >
        {sayRecording("file")}
      </a>
    </>
  );
}
