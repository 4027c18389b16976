/** What both applications do once at their start: the clocks, the stream, the theme and the address of the browser. */
import { signal, type Signal } from "@preact/signals";

import { partsOfAddress } from "./address.ts";
import { LiveStore } from "./live/live-store.ts";
import type { EventDoor } from "./live/live-stream.ts";
import type { PageClock } from "./live/page-clock.ts";

/** The clocks of this browser. Only programs take them from here; everything else gets them handed in. */
export const browserClock: PageClock = {
  monotonicMs: () => performance.now(),
  wallMs: () => new Date().getTime(),
};

/** Link and ages are judged four times a second: fine enough for limits of whole seconds, and next to no work. */
const tickMs = 250;

/** A store that opens, closes and judges its stream with the page, until `end` is called. */
export function startLiveStore(clock: PageClock = browserClock): {
  readonly store: LiveStore;
  readonly end: () => void;
} {
  const store = new LiveStore({ clock, open: openEvents });
  const letGo = keepAlive(store);
  return {
    store,
    end: () => {
      letGo();
      store.stop();
    },
  };
}

export function openEvents(address: string): EventDoor {
  return new EventSource(address);
}

/** Ticks a stream and tells it when the page is hidden. */
export function keepAlive(stream: { tick(): void; hide(hidden: boolean): void }): () => void {
  const timer = setInterval(() => {
    stream.tick();
  }, tickMs);
  const seen = (): void => {
    stream.hide(document.visibilityState === "hidden");
  };
  document.addEventListener("visibilitychange", seen);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", seen);
  };
}

export const themes = ["light", "dark", "glare"] as const;
export type Theme = (typeof themes)[number];
const themeKey = "millwright.theme";

/** The theme of this device; it never follows the clock by itself (ux-guide 3.1). */
export const theme: Signal<Theme> = signal<Theme>("light");

export function startTheme(usual: Theme): void {
  theme.value = storedTheme() ?? (matchMedia("(prefers-contrast: more)").matches ? "glare" : usual);
  document.documentElement.dataset["theme"] = theme.value;
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  document.documentElement.dataset["theme"] = chosen;
  try {
    localStorage.setItem(themeKey, chosen);
  } catch {
    // A browser that keeps nothing still shows the chosen theme until it is closed.
  }
}

function storedTheme(): Theme | undefined {
  try {
    const stored = localStorage.getItem(themeKey);
    return themes.find((one) => one === stored);
  } catch {
    return undefined;
  }
}

/** The parts of the address behind `#/`: view state lives in the address, so a link opens the same view. */
export const route: Signal<readonly string[]> = signal<readonly string[]>([]);

export function startRoute(): void {
  const read = (): void => {
    route.value = addressNow();
  };
  addEventListener("hashchange", read);
  read();
}

/**
 * The same parts as the browser has them, for what changes one of them: a second press may come before the screen, or even
 * `route`, has followed the first, and would take that back.
 */
export function addressNow(): readonly string[] {
  return partsOfAddress(location.hash);
}
