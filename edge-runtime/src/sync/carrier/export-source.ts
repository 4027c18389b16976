/** Where an export takes frames from: the runtime, by its door, or the journal's file where none runs. */
import { isRefusal, unpackFrames, type CarriedFrame } from "@millwright/carrier";
import { Fault, type Refused } from "@millwright/kit";
import { callDoor } from "@millwright/local-door";
import {
  parseFrame,
  type Epoch,
  type EpochPosition,
  type JournalBirth,
  type RoadLane,
} from "@millwright/wire-contract";

export interface Positions {
  readonly epochs: readonly EpochPosition[];
  /** What the journal is known by: another one took its place where this is new to the hub. */
  readonly journal: JournalBirth;
  readonly incarnation?: string;
}

export interface Piece {
  readonly frames: readonly CarriedFrame[];
  /** The number to go on after; that of the question when there are no more. */
  readonly lastSeq: number;
  /** Frames in between that the disk gave back damaged. */
  readonly unreadable: number;
}

export interface ExportSource {
  /** Where the gateway stands, with every loss that it knows of sealed where that can be done. */
  positions(): Promise<Positions>;
  /** Frames after `seq`, in order; none when there are no more. */
  frames(epoch: Epoch, lane: RoadLane, seq: number): Promise<Piece>;
}

/** The runtime did not understand us: most often it is of another version than the command. */
export class RuntimeRefused extends Fault {
  override readonly name = "RuntimeRefused";
  readonly code = "sync.runtime-refused";
  readonly retry = "never";
  readonly hint = "Run the command of the version that the gateway runs.";

  constructor(what: string, { reason }: Refused) {
    super(`the gateway did not answer for ${what}: ${reason}`);
  }
}

/** Throws `DoorClosed` when no runtime answers. */
export function runningSource(doorFile: string): ExportSource {
  return {
    async positions() {
      const answer = await callDoor(doorFile, "/positions");
      if (isRefusal(answer)) throw new RuntimeRefused("its positions", answer);
      // Our own runtime, proven by the secret of its door.
      return JSON.parse(new TextDecoder().decode(answer)) as Positions;
    },
    async frames(epoch, lane, seq) {
      const query = new URLSearchParams({ epoch, lane, after: String(seq) });
      const answer = await callDoor(doorFile, `/frames?${query.toString()}`);
      if (isRefusal(answer)) throw new RuntimeRefused("its frames", answer);
      const frames = unpackFrames(answer);
      if (isRefusal(frames)) throw new RuntimeRefused("its frames", frames);
      const last = frames.at(-1);
      const parsed = last === undefined ? undefined : parseFrame(last.bytes);
      const lastSeq = parsed === undefined || parsed.kind === "corrupt" ? seq : parsed.head.seq;
      return { frames, lastSeq, unreadable: 0 };
    },
  };
}
