/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
