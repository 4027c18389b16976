/**
 * Something a page asked a server for: loading, there, or failed since a time and asked for again. Old content stays
 * while it is asked anew.
 */
import { useEffect, useRef, useState } from "preact/hooks";

export type Resource<T> = {
  readonly value: T | undefined;
  /** Since when tries fail, ms since 1970 UTC; undefined when the last one did not. */
  readonly failedMs: number | undefined;
  readonly retry: () => void;
};

/** Answers slower than this are given up: the person gets a reason and a button instead of a wait without end. */
const giveUpAfterMs = 15_000;
/** What failed is asked for again without a touch: nobody stands before a panel on a wall. */
const askAgainAfterMs = 10_000;

/**
 * @param load called again when `key` changes; its signal aborts when nobody waits any more
 * @param wallMs the time a failure is told with
 */
export function useResource<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  wallMs: () => number,
): Resource<T> {
  const [state, setState] = useState<{ key: string; value: T | undefined; failedMs?: number }>({
    key,
    value: undefined,
  });
  const [tries, setTries] = useState(0);
  const newest = useRef(load);
  newest.current = load;
  useEffect(() => {
    const given = new AbortController();
    const timer = setTimeout(() => given.abort(), giveUpAfterMs);
    let again: ReturnType<typeof setTimeout> | undefined;
    let wanted = true;
    newest
      .current(given.signal)
      .then((value) => {
        if (wanted) setState({ key, value });
      })
      .catch(() => {
        if (!wanted) return;
        setState((old) => ({ ...old, key, failedMs: old.failedMs ?? wallMs() }));
        again = setTimeout(() => setTries((count) => count + 1), askAgainAfterMs);
      })
      .finally(() => clearTimeout(timer));
    return () => {
      wanted = false;
      clearTimeout(timer);
      clearTimeout(again);
      given.abort();
    };
  }, [key, tries]);
  return {
    value: state.value,
    failedMs: state.failedMs,
    retry: () => setTries((count) => count + 1),
  };
}

/** Answers of other kinds are errors: they name the address and the status. */
export async function loadJson<T>(address: string, signal: AbortSignal): Promise<T> {
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  return (await answer.json()) as T;
}

export async function loadBytes(address: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  return answer.arrayBuffer();
}
