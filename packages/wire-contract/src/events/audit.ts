/** Who did what, from where, with which result. Chained: nothing can be changed or taken out without being seen. */
export interface AuditEntry {
  /** Rises by one from entry to entry, from 1. */
  readonly index: number;
  readonly person: string;
  /** Address and kind of the device that was used. */
  readonly device: string;
  /** "command.write", "alarm.acknowledge", "access.sign-in", "grant.change"; step, point, verb. */
  readonly act: string;
  readonly object: string;
  readonly before?: string;
  readonly after?: string;
  readonly reason?: string;
  readonly result: "done" | "refused" | "failed";
  readonly why?: string;
  /** SHA-256 in hexadecimal over the chain of the entry before and all that this one says. */
  readonly chain: string;
}
