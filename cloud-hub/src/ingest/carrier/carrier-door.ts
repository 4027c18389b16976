/** What the running hub answers to the commands `import`, `pin` and `key`. The stick itself stays with the command. */
import { join } from "node:path";

import {
  exportedFileBytesMax,
  fingerprintOf,
  isFingerprintOf,
  isRefusal,
  manifestBytesMax,
  refuse,
  type SigningKey,
} from "@millwright/carrier";
import type { Clock, Log, Refused } from "@millwright/kit";
import { LocalDoor, type DoorAnswer } from "@millwright/local-door";
import { isGatewayId } from "@millwright/wire-contract";

import type { GatewayKeys } from "./gateway-keys.ts";
import type { Importer } from "./importer.ts";

export interface CarrierDoorOptions {
  readonly dataFolder: string;
  readonly key: SigningKey;
  /** Throws before the hub has started. */
  readonly parts: () => { readonly importer: Importer; readonly keys: GatewayKeys };
  readonly clock: Clock;
  readonly log: Log;
}

/** Where the running hub is asked, and its own key, below its data folder. */
export function carrierFilesOf(dataFolder: string): {
  readonly door: string;
  readonly key: string;
} {
  return { door: join(dataFolder, "door.json"), key: join(dataFolder, "hub-key.pem") };
}

export function createCarrierDoor(options: CarrierDoorOptions): LocalDoor {
  const { dataFolder, key, parts, log } = options;
  return new LocalDoor({
    file: carrierFilesOf(dataFolder).door,
    bodyBytesMax: Math.max(exportedFileBytesMax, manifestBytesMax),
    log,
    handlers: {
      "/import/begin": async (body, query) =>
        jsonOf(await parts().importer.begin(body, query.get("accept") ?? undefined)),
      "/import/file": async (body, query) =>
        jsonOf(
          await parts().importer.file(query.get("session") ?? "", query.get("name") ?? "", body),
        ),
      "/import/end": async (_body, query) => {
        const ended = await parts().importer.end(query.get("session") ?? "");
        if (isRefusal(ended)) return ended;
        return { json: { ...ended, marks: Buffer.from(ended.marks).toString("base64") } };
      },
      "/pin": (_body, query) => pin(options, query),
      "/key": () => ({ json: { fingerprint: fingerprintOf(key.publicKey) } }),
    },
  });
}

/** Only a key that the gateway has shown can be pinned: a person compares, and types no key. */
async function pin(
  { parts, clock }: CarrierDoorOptions,
  query: URLSearchParams,
): Promise<DoorAnswer> {
  const gateway = query.get("gateway") ?? "";
  const typed = query.get("fingerprint") ?? "";
  if (!isGatewayId(gateway)) return refuse(`"${gateway}" is no id of a gateway`);
  const { keys } = parts();
  const known = await keys.pinned(gateway);
  if (known === undefined)
    return refuse(`the hub has never met gateway ${gateway}; import with --accept instead`);
  if (isFingerprintOf(typed, known.publicKey))
    return { json: { fingerprint: fingerprintOf(known.publicKey) } };
  const { offeredKey } = known;
  if (offeredKey === undefined || !isFingerprintOf(typed, offeredKey))
    return refuse(
      `gateway ${gateway} has not shown a key ${typed}. Known is ${fingerprintOf(known.publicKey)}, shown since then ${offeredKey === undefined ? "none" : fingerprintOf(offeredKey)}`,
    );
  await keys.pin(gateway, offeredKey, "a person, by command", clock.nowUs());
  return { json: { fingerprint: fingerprintOf(offeredKey) } };
}

function jsonOf(answer: object | Refused): DoorAnswer {
  return isRefusal(answer) ? answer : { json: answer };
}
