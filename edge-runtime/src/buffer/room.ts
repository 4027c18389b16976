/** How the byte budget of the journal is shared out: pure, so that a plan says of settings what the file will do. */
export interface JournalRoom {
  /** The log is folded into the file at this size. */
  readonly checkpointBytes: number;
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
/** Large, because pages written often are then folded once. */
const checkpointBytesMax = 8 * 2 ** 20;

/** @param bytesMax file, log and reserve together never pass it */
export function roomOf(bytesMax: number): JournalRoom {
  // A small budget must not be eaten by the log.
  const checkpointBytes = Math.min(checkpointBytesMax, Math.floor(bytesMax / 16));
  // A start writes its epoch, what it could not see, and tags that are new.
  const reserveBytes = Math.floor(checkpointBytes / 2);
  const unshed = Math.min(16 * 2 ** 20, bytesMax / 4);
  const eventBytesMax = Math.min(eventBytesMost, Math.floor(bytesMax / 16));
  const sampleBytesMax = bytesMax - unshed - eventBytesMax - 2 * checkpointBytes - reserveBytes;
  const thinAboveBytes = sampleBytesMax - Math.min(4 * 2 ** 20, bytesMax / 16);
  return { checkpointBytes, reserveBytes, sampleBytesMax, eventBytesMax, thinAboveBytes };
}
