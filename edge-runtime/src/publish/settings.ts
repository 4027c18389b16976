import * as z from "zod";

import { sparkplugNodeFile, type SparkplugNodeFile } from "./sparkplug/settings.ts";

/** Who else is told what the gateway keeps. */
export interface PublishFile {
  /** Left out: the gateway is no Sparkplug node. */
  readonly sparkplug?: SparkplugNodeFile | undefined;
}

export const publishFile: z.ZodType<PublishFile> = z.strictObject({
  sparkplug: sparkplugNodeFile.optional(),
});
