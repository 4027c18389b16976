import { join } from "node:path";

const top = join(import.meta.dirname, "../../..");

/** Where the programs of the workspace are. */
export const programs = {
  /** The gateway with its supervisor, as it runs in a plant. */
  gateway: join(top, "edge-runtime/src/supervise/main.ts"),
  /** The gateway's own commands (`plan`, `connect`, …), and `run` without a supervisor. */
  edge: join(top, "edge-runtime/src/main.ts"),
  hub: join(top, "cloud-hub/src/main.ts"),
  plant: join(top, "packages/virtual-plant/src/main.ts"),
  /** Tag tables of the virtual machines. */
  plantTags: join(top, "packages/virtual-plant/gateway-templates"),
} as const;
