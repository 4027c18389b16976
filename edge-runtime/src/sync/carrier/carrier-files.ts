import { join } from "node:path";

/** What the gateway keeps beside its journal for carriers and commands. */
export interface CarrierFiles {
  /** The gateway's own key; its loss makes the hub ask a person. */
  readonly key: string;
  /** The key of the hub whose marks are taken from a stick. */
  readonly hubPin: string;
  /** Where the runtime is asked, while it runs. */
  readonly door: string;
}

/** @param folder of the journal */
export function carrierFiles(folder: string): CarrierFiles {
  return {
    key: join(folder, "gateway-key.pem"),
    hubPin: join(folder, "hub-key.json"),
    door: join(folder, "door.json"),
  };
}
