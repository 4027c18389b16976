/**
 * The captures of one machine or of one tag: a list, and the chosen one as waveform and spectrum, as a picture, or as a
 * file to save. Loaded apart from the page (`Captures`), because few screens show one.
 */
import type { CaptureView } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { FailedState, Skeleton } from "../parts/states.tsx";
import { loadBytes, loadJson, useResource } from "../parts/use-resource.ts";
import { fullTimeWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import { numberWords } from "../words/numbers.ts";
import { unitWords } from "../words/units.ts";
import type { CapturesProps } from "./captures.tsx";
import { spectrumOf } from "./spectrum.ts";
import { envelopeOf, waveformOf } from "./waveform.ts";

const shownMax = 20;
const plotHeight = 160;

export function CaptureList(props: CapturesProps): JSX.Element {
  const { base, asset = "", tag = "", wallMs } = props;
  const query = new URLSearchParams({ asset, tag, max: String(shownMax) }).toString();
  const [chosen, setChosen] = useState<string | undefined>();
  const list = useResource(
    `${base} ${query}`,
    (signal) => loadJson<readonly CaptureView[]>(`${base}/captures?${query}`, signal),
    wallMs,
  );
  if (list.value === undefined) {
    return list.failedMs === undefined ? (
      <Skeleton height="8rem" />
    ) : (
      <FailedState what={sayKit("captures.failed")} sinceMs={list.failedMs} onRetry={list.retry} />
    );
  }
  const shown = list.value.find((one) => idOf(one) === chosen) ?? list.value[0];
  if (shown === undefined) return <p class="quiet">{sayKit("captures.none")}</p>;
  return (
    <div class="captures">
      <label class="captures-choice">
        {sayKit("captures.choose")}
        <select value={idOf(shown)} onChange={(event) => setChosen(event.currentTarget.value)}>
          {list.value.map((one) => (
            <option key={idOf(one)} value={idOf(one)}>
              {`${fullTimeWords(one.startUs)} · ${one.name} · ${one.why}`}
            </option>
          ))}
        </select>
      </label>
      <CaptureDetail key={idOf(shown)} base={base} capture={shown} wallMs={wallMs} />
    </div>
  );
}

function idOf({ tag, startUs, sha256 }: CaptureView): string {
  return `${tag} ${startUs} ${sha256}`;
}

function CaptureDetail(props: {
  readonly base: string;
  readonly capture: CaptureView;
  readonly wallMs: () => number;
}): JSX.Element {
  const { capture } = props;
  const type = encodeURIComponent(capture.mediaType);
  const address = `${props.base}/captures/${capture.sha256}?type=${type}`;
  return (
    <figure class="capture">
      {capture.rateHz > 0 ? (
        <Waveform {...props} address={address} />
      ) : capture.mediaType.startsWith("image/") ? (
        <img class="capture-picture" src={address} alt={`${capture.name}, ${capture.why}`} />
      ) : null}
      <figcaption>
        {capture.overload && <p class="capture-overload">{sayKit("captures.overload")}</p>}
        <p>
          {[
            sayKit(`captures.by.${capture.trigger}`, { why: capture.why }),
            ...capture.state.map(({ name, value }) => `${name} ${value}`),
            sayKit(capture.atHub ? "captures.at-hub" : "captures.not-at-hub"),
          ].join(" · ")}
        </p>
        <a href={address} download={fileNameOf(capture)}>
          {sayKit("captures.save")}
        </a>
      </figcaption>
    </figure>
  );
}

function fileNameOf({ tag, startUs, trigger, why }: CaptureView): string {
  if (trigger === "file") return why;
  const time = new Date(startUs / 1_000).toISOString().replaceAll(":", "-");
  return `${tag.replaceAll("/", "_")}_${time}.bin`;
}

function Waveform(props: {
  readonly capture: CaptureView;
  readonly address: string;
  readonly wallMs: () => number;
}): JSX.Element {
  const { capture, address } = props;
  const bytes = useResource(address, (signal) => loadBytes(address, signal), props.wallMs);
  if (bytes.value === undefined) {
    return bytes.failedMs === undefined ? (
      <Skeleton height={`${2 * plotHeight}px`} />
    ) : (
      <FailedState
        what={sayKit("captures.failed")}
        sinceMs={bytes.failedMs}
        onRetry={bytes.retry}
      />
    );
  }
  const unit = unitWords(capture.unit);
  const values = waveformOf(bytes.value, capture);
  const { amplitudes, stepHz } = spectrumOf(values, capture.rateHz);
  const seconds = values.length / capture.rateHz;
  const peak = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const rms = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  // Lines that zeros have added between others resolve nothing: what can be told apart is one over the time.
  const resolution = numberWords(1 / seconds, 2);
  const top = amplitudes.reduce((best, one, at) => (one > (amplitudes[best] ?? 0) ? at : best), 0);
  return (
    <>
      <h3>{sayKit("captures.waveform", { unit, time: numberWords(seconds, 2) })}</h3>
      <Picture
        values={values}
        low={-peak}
        high={peak}
        reads={sayKit("captures.waveform-reads", {
          peak: numberWords(peak, 3),
          rms: numberWords(rms, 3),
          unit,
        })}
      />
      <h3>
        {sayKit("captures.spectrum", {
          unit,
          resolution,
          highest: numberWords(capture.rateHz / 2, 0),
        })}
      </h3>
      <Picture
        values={amplitudes}
        low={0}
        high={amplitudes[top] ?? 1}
        reads={sayKit("captures.spectrum-reads", {
          frequency: numberWords(top * stepHz, 1),
          amplitude: numberWords(amplitudes[top] ?? 0, 3),
          unit,
        })}
      />
    </>
  );
}

/** A line that keeps every peak; the same is said in words below it. */
function Picture(props: {
  readonly values: Float64Array;
  readonly low: number;
  readonly high: number;
  readonly reads: string;
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const place = canvas.current;
    if (place === null) return undefined;
    const draw = (): void => {
      paint(place, props.values, props.low, props.high);
    };
    const sizes = new ResizeObserver(draw);
    sizes.observe(place);
    return () => {
      sizes.disconnect();
    };
  }, [props.values, props.low, props.high]);
  return (
    <>
      <canvas
        ref={canvas}
        class="capture-plot"
        role="img"
        aria-label={props.reads}
        style={{ height: `${plotHeight}px` }}
      />
      <p class="quiet">{props.reads}</p>
    </>
  );
}

function paint(canvas: HTMLCanvasElement, values: Float64Array, low: number, high: number): void {
  const scale = window.devicePixelRatio;
  const [width, height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null || width === 0) return;
  context.strokeStyle = getComputedStyle(canvas).getPropertyValue("--pen-1");
  context.lineWidth = scale;
  const span = high - low || 1;
  const y = (value: number): number => height - ((value - low) / span) * height;
  const columns = envelopeOf(values, Math.round(width));
  context.beginPath();
  for (const [column, [least, most]] of columns.entries()) {
    const x = (column / columns.length) * width;
    context.lineTo(x, y(most));
    context.lineTo(x, y(least));
  }
  context.stroke();
}
