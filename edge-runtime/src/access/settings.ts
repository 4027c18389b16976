import * as z from "zod";

import type { Shown } from "../shown-settings.ts";

/** `access:` of the settings file. With it the page may be opened from other machines, and people act there over HTTPS. */
export interface AccessFile {
  /** 0 takes any free port and says which. */
  readonly httpsPort: number;
}

export const accessFile: z.ZodType<AccessFile> = z.strictObject({
  // What HTTPS pages that are not the machine's first one commonly have.
  httpsPort: z.int().min(0).max(65_535).default(8_443),
});

export const accessShown: Shown<AccessFile> = { httpsPort: "plain" };
