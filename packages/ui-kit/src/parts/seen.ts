/** Which rows are near enough to the screen to be painted. A screen holds a dozen of the hundreds a machine may have. */

/** A fling of a finger moves about a screen in a few frames; rows wake that far ahead. */
const wakeAhead = "200px 0px";

const callbacks = new WeakMap<Element, (near: boolean) => void>();
let observer: IntersectionObserver | undefined;

/** Calls back when the element comes near the screen or leaves it. Returns what ends that. */
export function watchNear(element: Element, changed: (near: boolean) => void): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) callbacks.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: wakeAhead },
  );
  const watcher = observer;
  callbacks.set(element, changed);
  watcher.observe(element);
  return () => {
    callbacks.delete(element);
    watcher.unobserve(element);
  };
}
