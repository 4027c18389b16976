/** Exit codes of the gateway's programs, which the supervisor and scripts rely on. */
export const exitCodes = {
  done: 0,
  /** We failed. */
  defect: 1,
  /** Settings, arguments or a request that cannot be served: a person has to change something first. */
  refused: 2,
  /** A folder or disk that cannot be used. */
  disk: 3,
  /** Another process has the journal. */
  journalInUse: 4,
} as const;
