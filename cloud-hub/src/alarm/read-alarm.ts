import { alarmStates, type AlarmEvent, type EventLine } from "@millwright/wire-contract/events";
import * as z from "zod";

/**
 * What a gateway wrote about an alarm, as far as lists and numbers stand on it. A gateway of a later version may say more, and
 * that is passed on.
 */
const alarmBody = z.looseObject({
  transition: z.string(),
  state: z.enum(alarmStates),
  priority: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  message: z.string(),
  raisedUs: z.number().default(0),
  person: z.string().optional(),
  reason: z.string().optional(),
  tag: z.string().optional(),
  unit: z.string().optional(),
  value: z.number().optional(),
  limit: z.number().optional(),
  untilUs: z.number().optional(),
  untilClear: z.literal(true).optional(),
  asked: z.number().optional(),
  note: z.object({ text: z.string(), author: z.string() }).optional().catch(undefined),
});

/** Undefined when it does not say what an alarm has to say. */
export function readAlarm({ json }: EventLine): AlarmEvent | undefined {
  const read = alarmBody.safeParse(JSON.parse(json));
  // A transition of a later version is shown as it is written.
  return read.success ? (read.data as unknown as AlarmEvent) : undefined;
}
