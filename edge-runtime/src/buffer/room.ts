/** How the byte budget of the journal is shared out: pure, so that a plan says of settings what the file will do. */
export interface JournalRoom {
  /** The log is folded into the file at this size. */
  readonly foldBytes: number;
  /** The log's share. One transaction may make it twice as long; of a longer one the log is cut when it is folded. */
  readonly logBytes: number;
  /** What is kept beside file and log for a start on a full disk (`reserve.ts`). */
  readonly reserveBytes: number;
  /**
   * What samples may use. The rest is for what must still be written when they are refused: claims, marks, starts, the
   * group that was already in memory, and the log.
   */
  readonly sampleBytesMax: number;
  /** What events may use beside samples, with the frames that wait with them: they are never shed for samples. */
  readonly eventBytesMax: number;
  /** Room is made above this, so that samples are not refused while there is something to let go. */
  readonly thinAboveBytes: number;
}

/** Some two hundred thousand events: years of a line that works, days of one that is broken. */
const eventBytesMost = 64 * 2 ** 20;
/** The tags of ten thousand points, which a start writes at once, are 12 MB. */
const logBytesMost = 8 * 2 ** 20;
/**
 * What is asked meanwhile waits for a fold, an event as well, and a fold takes the longer the more there is of it: at 8 MiB
 * 91 ms and 178 at most, at 2 MiB 22 and 42 (1,000 samples a commit, on the same busy disk). Pages that are written often are
 * folded more often for it: with 10,000 samples a commit 4.8 and 5.1 bytes are written for each, with 1,000 10.5 and 10.1.
 */
const foldBytesMost = 2 * 2 ** 20;

/** @param bytesMax file, log and reserve together never pass it */
export function roomOf(bytesMax: number): JournalRoom {
  // A small budget must not be eaten by the log.
  const logBytes = Math.min(logBytesMost, Math.floor(bytesMax / 16));
  const foldBytes = Math.min(foldBytesMost, logBytes);
  // A start writes its epoch, what it could not see, and tags that are new.
  const reserveBytes = Math.floor(logBytes / 2);
  const unshed = Math.min(16 * 2 ** 20, bytesMax / 4);
  const eventBytesMax = Math.min(eventBytesMost, Math.floor(bytesMax / 16));
  const sampleBytesMax = bytesMax - unshed - eventBytesMax - 2 * logBytes - reserveBytes;
  const thinAboveBytes = sampleBytesMax - Math.min(4 * 2 ** 20, bytesMax / 16);
  return { foldBytes, logBytes, reserveBytes, sampleBytesMax, eventBytesMax, thinAboveBytes };
}
