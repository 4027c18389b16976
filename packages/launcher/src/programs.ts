import { join } from "node:path";

const top: string = join(import.meta.dirname, "../../..");

export interface Programs {
  /** The gateway with its supervisor, as it runs in a plant. */
  readonly gateway: string;
  /** The gateway's own commands (`plan`, `connect`, …), and `run` without a supervisor. */
  readonly edge: string;
  readonly hub: string;
  readonly plant: string;
  /** Tag tables of the virtual machines. */
  readonly plantTags: string;
}

/** Where the programs of the workspace are. */
export const programs: Programs = {
  gateway: join(top, "edge-runtime/src/supervise/main.ts"),
  edge: join(top, "edge-runtime/src/main.ts"),
  hub: join(top, "cloud-hub/src/main.ts"),
  plant: join(top, "packages/virtual-plant/src/main.ts"),
  plantTags: join(top, "packages/virtual-plant/gateway-templates"),
};
