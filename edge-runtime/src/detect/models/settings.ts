/** Which bundles run on this gateway, as a person writes it. */
import type { BundleRole } from "@millwright/wire-contract/events";
import * as z from "zod";

export interface ModelsFile {
  /** Folder of the bundles, one folder each. */
  readonly folder: string;
  readonly bundles: readonly BundleUseFile[];
}

export interface BundleUseFile {
  /** Folder of the bundle: its name, with the version behind it where versions lie side by side ("bearing-health-1.3.0"). */
  readonly bundle: string;
  /** `live`: its scores make episodes. `shadow`: they are kept and compared, and nobody is told. `canary`: live on some assets. */
  readonly role: BundleRole;
  /** Left out: all assets of the type that it is made for. A canary names its own. */
  readonly assets?: readonly string[] | undefined;
  /** Folder of the bundle that takes over when this one fails. */
  readonly previous?: string | undefined;
}

const folderName = z.string().regex(/^[a-z][a-z0-9-]{0,63}(-\d+\.\d+\.\d+)?$/, {
  error: 'is a folder\'s name: the bundle\'s, such as "bearing-health" or "bearing-health-1.3.0"',
});

const bundleUse: z.ZodType<BundleUseFile> = z
  .strictObject({
    bundle: folderName,
    role: z.enum(["live", "shadow", "canary"]).default("live"),
    assets: z.array(z.string().min(1)).min(1).optional(),
    previous: folderName.optional(),
  })
  .refine(({ role, assets }) => role !== "canary" || assets !== undefined, {
    error: "a canary names the assets that it is tried on",
  })
  .refine(({ bundle, previous }) => bundle !== previous, {
    error: "previous must be another folder than bundle",
  });

export const modelsFile: z.ZodType<ModelsFile> = z.strictObject({
  folder: z.string().min(1).default("models"),
  // A thousand bundles of equal structure are one stack; a person writes a handful.
  bundles: z.array(bundleUse).max(2_000).default([]),
});
