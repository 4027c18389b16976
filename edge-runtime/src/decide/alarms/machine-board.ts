/** The alarms of a gateway, as far as those that machines own change them: they come while it runs, after those of the settings. */
import type { AlarmHappening } from "@millwright/alarms";
import type { Clock } from "@millwright/kit";
import type { NewEvent } from "@millwright/wire-contract/events";

import type { MoveBy, MoveChange } from "./alarm-move.ts";
import { newRecord, notedEvent, type AlarmRecord } from "./alarm-record.ts";
import type { AlarmDefinition } from "./definition.ts";
import type { AlarmBoard } from "./machine-alarms.ts";
import type { ShownAlarms } from "./shown-alarms.ts";

export interface MachineBoardParts {
  /** By place; those of machines are appended, and replaced. */
  readonly alarms: AlarmDefinition[];
  readonly placeOf: Map<string, number>;
  readonly records: AlarmRecord[];
  readonly saved: AlarmRecord[];
  readonly shown: ShownAlarms;
  /** Of before the restart. */
  readonly before: ReadonlyMap<string, AlarmRecord>;
  readonly clock: Clock;
  /** Rises with each condition that comes on this gateway. */
  readonly cameAs: () => number;
  readonly move: (place: number, happening: AlarmHappening, change: MoveChange, by: MoveBy) => void;
  readonly keep: (event: NewEvent & { readonly kind: "alarm" }) => void;
}

export function machineBoard(parts: MachineBoardParts): AlarmBoard {
  const { alarms, placeOf, records, saved, shown, before, clock, cameAs, move, keep } = parts;
  const recordAt = (place: number): AlarmRecord => {
    const record = records[place];
    if (record === undefined) throw new RangeError(`there is no alarm ${place}`);
    return record;
  };
  return {
    add(definition, origin, reuse = alarms.length) {
      const forgotten = alarms[reuse];
      if (forgotten !== undefined) placeOf.delete(forgotten.id);
      const record = before.get(definition.id) ?? { ...newRecord(definition), origin };
      alarms[reuse] = definition;
      placeOf.set(definition.id, reuse);
      records[reuse] = record;
      saved[reuse] = record;
      shown.add(reuse, record);
      return reuse;
    },
    lifeOf: (place) => recordAt(place).life,
    coversOf: (place) => recordAt(place).covers,
    definitionOf(place) {
      const definition = alarms[place];
      if (definition === undefined) throw new RangeError(`there is no alarm ${place}`);
      return definition;
    },
    describe(place, definition, { origin, message, machineUs }) {
      alarms[place] = definition;
      const { life, changedUs, cameAs: came, acknowledgement, covers } = recordAt(place);
      records[place] = {
        ...{ life, changedUs, cameAs: came, covers, origin, message },
        ...(acknowledgement === undefined ? {} : { acknowledgement }),
        ...(Number.isNaN(machineUs) ? {} : { machineUs }),
      };
    },
    move(place, happening, latching, by) {
      const { raisedUs } = recordAt(place).life;
      const { person = "" } = by;
      const acknowledgement = { raisedUs, person, at: "gateway", atUs: clock.nowUs() } as const;
      const change = {
        ...(happening === "raise" ? { cameAs: cameAs() } : {}),
        ...(happening === "acknowledge" ? { acknowledgement } : {}),
      };
      move(place, happening, change, { ...by, latching });
    },
    note(id, asset, message) {
      keep(notedEvent({ id, asset, message }, clock.nowUs()));
    },
  };
}
