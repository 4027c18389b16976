import { Fault } from "@millwright/kit";

/** No backup could be made; what was there before is there still. */
export class BackupFailed extends Fault {
  override readonly name = "BackupFailed";
  readonly code = "buffer.backup-failed";
  readonly retry = "soon";
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** The folder holds no backup, or one that is not as it was when it was verified. */
export class BackupUnusable extends Fault {
  override readonly name = "BackupUnusable";
  readonly code = "settings.backup-unusable";
  readonly retry = "never";
  readonly hint = "Take another backup: the folders beside it are older ones.";
}
