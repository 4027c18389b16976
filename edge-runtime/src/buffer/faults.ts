import { Fault } from "@millwright/kit";

/** The folder or file of the journal cannot be used. A person must act, so the program ends with exit code 3. */
export class JournalUnusable extends Fault {
  override readonly name: string = "JournalUnusable";
  readonly code: string = "buffer.journal-unusable";
  readonly retry = "never";
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** Another process has the journal: most often the last runtime, which is still writing its last commit. */
export class JournalInUse extends JournalUnusable {
  override readonly name = "JournalInUse";
  override readonly code = "buffer.journal-in-use";
}

/** What the file holds is not what was written, and cannot be put right: the journal goes on with another file. */
export class JournalDamaged extends Fault {
  override readonly name = "JournalDamaged";
  readonly code = "buffer.journal-damaged";
  readonly retry = "soon";
  readonly hint = "Replace the disk of the gateway: it changes what is written on it.";
}

/**
 * Writing or syncing failed. What the file holds now is not known to this handle: it must be closed, opened again and
 * verified (reliability, rule 9). The program ends and is started again, because that way is used every day.
 */
export class JournalBroken extends Fault {
  override readonly name = "JournalBroken";
  readonly code = "buffer.journal-broken";
  readonly retry = "soon";
  readonly hint = "Check the disk of the gateway: it refused to write.";

  constructor(operation: string, options?: ErrorOptions) {
    super(`journal: ${operation} failed`, options);
  }
}

/** There is no room on the disk for what was asked. Nothing was changed, and the journal goes on with everything else. */
export class JournalFull extends Fault {
  override readonly name = "JournalFull";
  readonly code = "buffer.journal-full";
  readonly retry = "soon";
  readonly hint = "Make room on the disk of the gateway.";

  constructor(options?: ErrorOptions) {
    super("journal: the disk is full", options);
  }
}

/** What SQLite says when there is no room; nothing was changed, and the same may be tried again later. */
export function isFull(failure: unknown): boolean {
  if (failure instanceof JournalFull) return true;
  if (failure instanceof JournalUnusable) return isFull(failure.cause);
  return ["SQLITE_FULL", "ENOSPC"].includes(codeOf(failure));
}

/** What SQLite says of a file whose pages do not fit each other. */
export function isCorrupt(failure: unknown): boolean {
  const code = codeOf(failure);
  if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB") return true;
  return failure instanceof Error && failure.cause !== undefined && isCorrupt(failure.cause);
}

export function codeOf(failure: unknown): string {
  return failure instanceof Error && "code" in failure && typeof failure.code === "string"
    ? failure.code
    : "";
}
