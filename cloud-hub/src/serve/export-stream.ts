/** An export as the body of an answer: made as fast as it is taken, and let go when nobody takes it. */
import type { Clock } from "@millwright/kit";

import type { HistoryExport } from "../hub-views.ts";

/** A line that takes nothing for so long is gone, or its program hangs: others wait for its place. */
const stalledMs = 120_000;

export function streamExport(made: HistoryExport, clock: Clock): ReadableStream<Uint8Array> {
  let stopWaiting = (): void => undefined;
  const wait = (controller: ReadableStreamDefaultController): void => {
    stopWaiting = clock.after(stalledMs, () => {
      controller.error(new Error("the export was not taken"));
      void made.close();
    });
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        wait(controller);
      },
      async pull(controller) {
        stopWaiting();
        try {
          const bytes = await made.next();
          if (bytes === undefined) {
            await made.close();
            controller.close();
            return;
          }
          controller.enqueue(bytes);
          wait(controller);
        } catch (failure) {
          await made.close();
          throw failure;
        }
      },
      async cancel() {
        stopWaiting();
        await made.close();
      },
    },
    { highWaterMark: 0 },
  );
}
