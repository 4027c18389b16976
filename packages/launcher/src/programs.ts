import { join } from "node:path";

const top: string = join(import.meta.dirname, "../../..");

export interface Programs {
  /** The gateway with its supervisor, from source: what tests run. */
  readonly gateway: string;
  /** The same, as it runs in a plant. Is not there before `buildGateway` has run. */
  readonly builtGateway: string;
  /** Makes `builtGateway` anew; a quarter of a second. */
  readonly buildGateway: string;
  /** The gateway's own commands (`plan`, `connect`, …), and `run` without a supervisor. */
  readonly edge: string;
  readonly hub: string;
  readonly plant: string;
  /** Tag tables of the virtual machines. */
  readonly plantTags: string;
  /** Model bundles for the virtual machines. */
  readonly models: string;
}

/** Where the programs of the workspace are. */
export const programs: Programs = {
  gateway: join(top, "edge-runtime/src/supervise/main.ts"),
  builtGateway: join(top, "edge-runtime/dist/supervise/main.js"),
  buildGateway: join(top, "edge-runtime/src/build-program.ts"),
  edge: join(top, "edge-runtime/src/main.ts"),
  hub: join(top, "cloud-hub/src/main.ts"),
  plant: join(top, "packages/virtual-plant/src/main.ts"),
  plantTags: join(top, "packages/virtual-plant/gateway-templates"),
  models: join(top, "models"),
};
