import type { DriverSession, ReadingBatch, ResumePoint } from "./driver.ts";

/**
 * The resume point is saved with the commit that holds the readings, never ahead of it; and not again while it is the
 * very same object, as with devices in which nothing outlives a conversation.
 */
export function savingResume(
  session: DriverSession,
  save: (resume: ResumePoint) => void,
): (batch: ReadingBatch) => ReadingBatch {
  let saved: ResumePoint | undefined;
  return (batch) => {
    if (session.resume === saved && batch.settle === undefined) return batch;
    const settle = batch.settle?.bind(batch);
    return {
      ...batch,
      settle: async () => {
        await settle?.();
        const { resume } = session;
        if (resume === saved) return;
        saved = resume;
        save(resume);
      },
    };
  };
}
