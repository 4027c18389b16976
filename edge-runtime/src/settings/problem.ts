import { Fault } from "@millwright/kit";

/** One thing that is wrong in the settings: where, what, and what to do. All are reported together. */
export interface Problem {
  /** File and place in it, as a person would look for it: `gateway.yaml: devices[2].connection.port`. */
  readonly where: string;
  readonly what: string;
}

/** The report that is printed: every problem on its own line, counted. */
export function reportOf(problems: readonly Problem[]): string {
  const lines = problems.map(({ where, what }) => `  ${where}: ${what}`);
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return `The settings have ${count}; nothing was started.\n${lines.join("\n")}`;
}

/** The settings cannot be used. The message is the whole report. */
export class SettingsFaulty extends Fault {
  override readonly name = "SettingsFaulty";
  readonly code = "settings.faulty";
  readonly retry = "never";
  readonly hint = "Mend what the report names and start again.";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(reportOf(problems));
    this.problems = problems;
  }
}
