/** What happened to this gateway, on one time line above its tabs (ux-guide C3): a lane for each kind, and the same as a list. */
import {
  Button,
  FailedState,
  loadJson,
  momentWords,
  Skeleton,
  useResource,
  type LiveStore,
} from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { GatewayRow } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { TimeLine, TimeLineEntry } from "../../time-line-views.ts";
import { sayTimeLine, sayTimeLineCount } from "./time-line-messages.ts";
import {
  entryWords,
  lanes,
  lastedWords,
  nameOf,
  placeOf,
  rangeOf,
  spans,
  summaryWords,
  unknownWords,
  whatWords,
  type SpanName,
} from "./time-line-view.ts";
import "./time-line.css";

/** As many as somebody goes through; a shorter time has the earlier ones. */
const listedMax = 300;

export interface GatewayTimeLineProps {
  readonly base: string;
  readonly store: LiveStore;
  readonly row: GatewayRow | undefined;
  readonly wallMs: () => number;
}

export function GatewayTimeLine(props: GatewayTimeLineProps): JSX.Element {
  const { base, store, row, wallMs } = props;
  const [span, setSpan] = useState<SpanName>("24h");
  const minute = useComputed(() => Math.floor(nowOf(store, wallMs) / 60e6)).value;
  // Anew with each minute, and at once when it is heard or not heard any more.
  const loaded = useResource(
    [base, span, minute, row?.presence === "behind" ? "reporting" : row?.presence].join(" "),
    async (signal) => {
      const { fromUs, toUs } = rangeOf(span, nowOf(store, wallMs));
      const address = `${base}/time-line?from=${fromUs}&to=${toUs}`;
      const line = await loadJson<TimeLine>(address, signal);
      // What lasts is drawn up to here, until the next minute.
      return { span, line, nowUs: nowOf(store, wallMs) };
    },
    wallMs,
  );
  const { value, failedMs } = loaded;
  return (
    <section class="panel time-line" aria-labelledby="time-line">
      <div class="table-head">
        <h2 id="time-line">{sayTimeLine("title")}</h2>
        <div class="button-row" role="group" aria-label={sayTimeLine("spans")}>
          {(Object.keys(spans) as SpanName[]).map((name) => (
            <Button
              key={name}
              label={sayTimeLine(`span.${name}`)}
              pressed={name === span}
              onPress={() => setSpan(name)}
            />
          ))}
        </div>
      </div>
      {failedMs !== undefined ? (
        <FailedState what={sayTimeLine("failed")} sinceMs={failedMs} onRetry={loaded.retry} />
      ) : value === undefined ? (
        <Skeleton height="12rem" />
      ) : (
        <Line span={value.span} line={value.line} nowUs={value.nowUs} />
      )}
    </section>
  );
}

/** By the hub's clock; by this device's until the hub has said it. */
function nowOf({ secondUs }: LiveStore, wallMs: () => number): number {
  return secondUs.value === 0 ? wallMs() * 1_000 : secondUs.value;
}

function Line(props: {
  readonly span: SpanName;
  readonly line: TimeLine;
  readonly nowUs: number;
}): JSX.Element {
  const { span, line, nowUs } = props;
  const [pointed, point] = useState<TimeLineEntry>();
  const [isListed, list] = useState(false);
  const spanUs = line.toUs - line.fromUs;
  const here = pointed !== undefined && line.entries.includes(pointed) ? pointed : undefined;
  const unknown = unknownWords(line);
  return (
    <>
      <p class="time-line-words">
        {here === undefined ? summaryWords(line, span, nowUs) : entryWords(here, spanUs, nowUs)}
      </p>
      {unknown !== "" && <p class="quiet">{unknown}</p>}
      <Lanes line={line} nowUs={nowUs} pointed={here} point={point} />
      <div class="button-row">
        <Button
          label={sayTimeLine("list")}
          pressed={isListed}
          onPress={() => list((now) => !now)}
        />
      </div>
      {isListed && <List line={line} spanUs={spanUs} nowUs={nowUs} />}
    </>
  );
}

/** For eyes and a mouse or a finger; the list has the same for keys and readers. */
function Lanes(props: {
  readonly line: TimeLine;
  readonly nowUs: number;
  readonly pointed: TimeLineEntry | undefined;
  readonly point: (entry: TimeLineEntry | undefined) => void;
}): JSX.Element {
  const { line, nowUs, pointed, point } = props;
  const { fromUs, toUs } = line;
  const middleUs = (fromUs + toUs) / 2;
  return (
    <div class="time-line-lanes" aria-hidden="true">
      {lanes.map((lane) => (
        <div key={lane} class="time-line-lane">
          <span class="time-line-name">{sayTimeLine(`lane.${lane}`)}</span>
          <span class="time-line-track">
            {line.entries
              .filter(({ kind }) => kind === lane)
              .map((entry, at) => {
                const { left, width } = placeOf(entry, line, nowUs);
                return (
                  <span
                    key={at}
                    class="time-line-mark"
                    data-kind={nameOf(entry)}
                    data-pointed={entry === pointed}
                    style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
                    onPointerEnter={() => point(entry)}
                    onPointerLeave={() => point(undefined)}
                    onClick={() => point(entry)}
                  />
                );
              })}
          </span>
        </div>
      ))}
      <div class="time-line-lane time-line-axis">
        <span />
        <span class="time-line-times">
          {[fromUs, middleUs, toUs].map((us) => (
            <span key={us}>{momentWords(us, toUs - fromUs)}</span>
          ))}
        </span>
      </div>
    </div>
  );
}

function List(props: {
  readonly line: TimeLine;
  readonly spanUs: number;
  readonly nowUs: number;
}): JSX.Element {
  const { line, spanUs, nowUs } = props;
  const newest = line.entries.toReversed();
  const more = newest.length - listedMax;
  return (
    <>
      <div
        class="table-well time-line-list"
        role="region"
        tabIndex={0}
        aria-label={sayTimeLine("list.label")}
      >
        <table>
          <thead>
            <tr>
              <th scope="col">{sayTimeLine("list.time")}</th>
              <th scope="col">{sayTimeLine("list.what")}</th>
              <th scope="col">{sayTimeLine("list.lasted")}</th>
            </tr>
          </thead>
          <tbody>
            {newest.slice(0, listedMax).map((entry, at) => (
              <tr key={at}>
                <td>{momentWords(entry.fromUs, spanUs)}</td>
                <td>{whatWords(entry)}</td>
                <td>{lastedWords(entry, nowUs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && <p class="quiet">{sayTimeLineCount("list.more", more)}</p>}
    </>
  );
}
