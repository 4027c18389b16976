import { Fault } from "@millwright/kit";

/**
 * What the journal may use for events is full of those that the hub does not have: nothing that acts may go on without a
 * record, so a command is refused.
 */
export class EventsFull extends Fault {
  override readonly name = "EventsFull";
  readonly code = "buffer.events-full";
  readonly retry = "soon";
  readonly hint =
    "Connect the gateway to its hub, or carry its journal there on a stick: it has no room for more events.";

  constructor(message = "the journal has no room for more events") {
    super(message);
  }
}

/** An event says more than one may: its author has to say it shorter. */
export class EventTooLarge extends Fault {
  override readonly name = "EventTooLarge";
  readonly code = "buffer.event-too-large";
  readonly retry = "never";
  readonly hint = "Shorten the texts of the settings that this event quotes.";

  constructor(subject: string, bytes: number, bytesMax: number) {
    super(`the event about ${subject} has ${bytes} bytes, one may have ${bytesMax}`);
  }
}
