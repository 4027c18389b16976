/** What codecs of other packages are made of: a second front door, for those who write bytes and not for those who read values. */
export { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
export {
  forgetNumbers,
  makeNumberModel,
  readNumber,
  readSigned,
  readTree,
  writeNumber,
  writeSigned,
  writeTree,
  type NumberModel,
} from "./columns/number-model.ts";
export { readPlanes, writePlanes } from "./columns/planes.ts";
export { forget, makeBits, RangeReader, RangeWriter, type Bits } from "./columns/range-coder.ts";
export { refuseMalformed } from "./refuse.ts";
export { ScalarReader, ScalarWriter } from "./scalar-codec.ts";
export { pack, unpack } from "./zstd.ts";
