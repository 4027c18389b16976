/**
 * The times for which readings are charged that were received and not handed on, µs: as they were received, because the
 * device's clock may be anything; what it kept itself was measured long before, and has no other time.
 *
 * @param measuredUs as the device stamped them, NaN where it did not
 */
export function lostSpan(
  measuredUs: Iterable<number>,
  receivedUs: number,
  late: boolean,
): readonly [fromUs: number, toUs: number] {
  let [fromUs, toUs] = [Infinity, -Infinity];
  if (late) {
    for (const us of measuredUs) {
      if (us < fromUs) fromUs = us;
      if (us > toUs) toUs = us;
    }
  }
  return fromUs <= toUs ? [fromUs, toUs] : [receivedUs, receivedUs];
}
