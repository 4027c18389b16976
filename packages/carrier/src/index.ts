export {
  findKey,
  fingerprintOf,
  isFingerprintOf,
  isPublicKey,
  KeyUnusable,
  openKey,
  type PublicKey,
  type SigningKey,
} from "./key.ts";
export { packFrames, unpackFrames, type CarriedFrame } from "./frame-file.ts";
export {
  exportedFileBytesMax,
  manifestBytesMax,
  readManifest,
  type ExportedFile,
  type Manifest,
} from "./manifest.ts";
export { marksBytesMax, marksName, readMarks, sealMarks, type MarksFile } from "./marks.ts";
export { ExportWriter, writeWhole } from "./write-export.ts";
export {
  findExports,
  openExport,
  provesFile,
  readPlain,
  type ReadableExport,
} from "./read-export.ts";
export { carrierFault, CarrierUnusable } from "./faults.ts";
export { isRefusal, refuse } from "./refuse.ts";
