export {
  bundleFormat,
  type BundleFile,
  type BundleInput,
  type BundleLimits,
  type BundleModel,
  type Example,
  type Examples,
  type Histogram,
  type Manifest,
  type TensorShape,
} from "./manifest.ts";
export { compareAnswers, widthOf, type Answer } from "./examples.ts";
export { bundleTitle, loadBundle, type Bundle } from "./load.ts";
export { BundleRefused, type BundleProblem } from "./problem.ts";
export { writeBundle } from "./write.ts";
