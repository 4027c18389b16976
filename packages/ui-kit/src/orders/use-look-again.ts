import { useEffect } from "preact/hooks";

/** A gateway reports once a second. */
const lookAgainMs = 2_000;

/** While an order is not over, its list is looked at again and again. */
export function useLookAgain(running: boolean, look: () => void): void {
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(look, lookAgainMs);
    return () => clearInterval(timer);
  }, [running]);
}
