import type { LiveStore } from "@millwright/ui-kit";

/** On a slow panel the first values are on the screen by then. */
const laterMs = 1_000;

/** Calls once, when the first values have come and have had time to be painted: nothing else is asked for before them. */
export function afterFirstValues(store: LiveStore, call: () => void): void {
  let came = false;
  const end = store.secondUs.subscribe((us) => {
    if (us === 0 || came) return;
    came = true;
    setTimeout(() => {
      end();
      call();
    }, laterMs);
  });
}
