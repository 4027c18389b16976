import { Fault } from "@millwright/kit";

/** A port that a person has chosen is in use by somebody else. It is reported and not fought over. */
export class PortTaken extends Fault {
  override readonly name = "PortTaken";
  readonly code = "children.port-taken";
  readonly retry = "never";
  readonly hint: string;

  constructor(what: string, port: number, holder: string) {
    super(`port ${port} for ${what} is taken by ${holder}`);
    this.hint = `End that program, or choose another port for ${what} in the settings.`;
  }
}

export class ProgramMissing extends Fault {
  override readonly name = "ProgramMissing";
  readonly code = "children.program-missing";
  readonly retry = "never";
  readonly hint: string;

  constructor(program: string, tried: readonly string[], debianPackage: string) {
    super(`${program} was not found; looked in ${tried.join(", ")}`);
    this.hint = `Run "make setup", or install it with "sudo apt-get install ${debianPackage}".`;
  }
}

/** The data folder, or a file in it, cannot be used by the user who has to. */
export class FolderNotWritable extends Fault {
  override readonly name = "FolderNotWritable";
  readonly code = "children.folder-not-writable";
  readonly retry = "never";
  readonly hint: string;

  constructor(folder: string, hint: string, options?: ErrorOptions) {
    super(`cannot use the data folder ${folder}`, options);
    this.hint = hint;
  }
}

/** A child did not come up, or ended by itself. */
export class ChildFailed extends Fault {
  override readonly name: string = "ChildFailed";
  readonly code = "children.failed";
  readonly retry = "soon";
  readonly hint: string;

  constructor(child: string, what: string, logFile: string, options?: ErrorOptions) {
    super(`${child} ${what}`, options);
    this.hint = `Read the last lines of ${logFile}.`;
  }
}

/** It was killed while it came up, by somebody else or by a system without memory: it may come up the next time. */
export class ChildKilled extends ChildFailed {
  override readonly name = "ChildKilled";
}
