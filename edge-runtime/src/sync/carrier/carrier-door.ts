/** What the runtime answers to the commands `export` and `take-marks`. The stick itself stays with the command. */
import { isRefusal, marksBytesMax, packFrames, refuse } from "@millwright/carrier";
import type { Log } from "@millwright/kit";
import { LocalDoor, type DoorAnswer, type DoorHandlers } from "@millwright/local-door";
import { isEpoch, roadLanes, type GatewayId } from "@millwright/wire-contract";

import type { Outbox } from "../../hand-over.ts";
import { toPositions } from "../messages.ts";
import { HubPin } from "./hub-pin.ts";
import type { CarrierFiles } from "./carrier-files.ts";
import { takeMarks } from "./take-marks.ts";

export interface CarrierDoorOptions {
  readonly files: CarrierFiles;
  readonly gateway: GatewayId;
  readonly outbox: Outbox;
  /** Seals told rows and ledger rows that wait for others: the stick brings what is here, and what explains its holes. */
  readonly sealOpen: () => Promise<void>;
  /** What other commands ask. */
  readonly handlers?: DoorHandlers;
  readonly log: Log;
}

/** A piece of the journal that one question may ask for: the journal's thread reads it in milliseconds. */
const pieceBytesMax = 2 ** 20;

export function createCarrierDoor(options: CarrierDoorOptions): LocalDoor {
  const { files, gateway, outbox, sealOpen, log } = options;
  const pin = new HubPin(files.hubPin);
  return new LocalDoor({
    file: files.door,
    bodyBytesMax: marksBytesMax,
    log,
    handlers: {
      ...options.handlers,
      "/positions": async () => {
        await sealOpen();
        const epochs = toPositions(await outbox.lanes());
        const incarnation = outbox.incarnation();
        const journal = outbox.birth();
        return { json: { epochs, journal, ...(incarnation === undefined ? {} : { incarnation }) } };
      },
      "/frames": (_body, query) => framesOf(outbox, query),
      "/marks": async (body, query) => {
        const taken = await takeMarks(body, query.get("accept") ?? undefined, {
          gateway,
          outbox,
          pin,
          log,
        });
        return isRefusal(taken) ? taken : { json: taken };
      },
    },
  });
}

async function framesOf(outbox: Outbox, query: URLSearchParams): Promise<DoorAnswer> {
  const epoch = query.get("epoch") ?? "";
  const lane = roadLanes.find((one) => one === query.get("lane"));
  const after = Number(query.get("after"));
  if (!isEpoch(epoch) || lane === undefined || !Number.isSafeInteger(after))
    return refuse("epoch, lane and after say which frames");
  const frames = await outbox.framesAfter(epoch, lane, after, pieceBytesMax);
  return packFrames(frames);
}
