import { Fault } from "@millwright/kit";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Public data is not part of the product (its licences differ), and it is not where it was looked for. */
export class DataMissing extends Fault {
  override readonly name = "DataMissing";
  readonly code = "bench.data-missing";
  readonly retry = "never";
  readonly hint: string;

  constructor(what: string, hint: string) {
    super(what);
    this.hint = hint;
  }
}

const besideTheWorkspace = fileURLToPath(new URL("../../../../shared/data", import.meta.url));

/**
 * The folder of one data set: `given` itself or the folder of that name in it; without one, `../shared/data` beside the
 * workspace. Throws `DataMissing` where none of `proofs`, entries of the data set, is there.
 */
export function dataFolder(
  given: string | undefined,
  name: string,
  proofs: readonly string[],
): string {
  const tried = given === undefined ? [join(besideTheWorkspace, name)] : [given, join(given, name)];
  const found = tried.find((folder) => proofs.some((proof) => existsSync(join(folder, proof))));
  if (found !== undefined) return found;
  throw new DataMissing(
    `the data set ${name} is not in ${tried.join(" nor in ")}: there is no ${proofs.join(" or ")}`,
    `Say where it is: make bench NAME=${name} DATA=/folder/of/${name}`,
  );
}
