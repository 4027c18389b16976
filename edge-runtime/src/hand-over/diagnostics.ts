/** The one file that goes to whoever helps. */
import type { Refused } from "@millwright/kit";

export interface DiagnosticsFile {
  /** "diagnostics-line-1-20270301T140211Z.json" */
  readonly name: string;
  /** JSON without secrets. */
  readonly text: string;
}

export interface DiagnosticsDesk {
  /** Refuses while another one is being made. Takes 10 s at most. */
  make(signal: AbortSignal): Promise<DiagnosticsFile | Refused>;
}
