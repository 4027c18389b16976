export {
  featureKinds,
  featureSpec,
  longestWindow,
  type Feature,
  type FeatureKind,
  type FeatureSpec,
} from "./spec.ts";
export { FeatureStream, type FeatureSink } from "./feature-stream.ts";
export { FeatureRows } from "./feature-rows.ts";
export { SampleGrid, type MissingReason, type RowSink, type SampleRun } from "./sample-grid.ts";
export { Fft } from "./fft.ts";
export { bearingLines, type BearingGeometry, type BearingLines } from "./bearing-lines.ts";
export {
  captureEnvelope,
  captureFeature,
  captureFeatures,
  captureSpec,
  type CaptureEnvelope,
  type CaptureFeature,
  type CaptureSpec,
  type CaptureValues,
  type Waveform,
} from "./capture-features.ts";
