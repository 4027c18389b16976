export type { Answer, Detector, FeatureMap } from "./lib/detector.ts";
export { Mahalanobis } from "./lib/mahalanobis.ts";
