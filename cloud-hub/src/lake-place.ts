/** Where the lake lies, as the settings say: a folder, and a bucket where one is named, with its keys read from their file. */
import { readCredentials } from "./children/secret-file.ts";
import type { LakePlace } from "./history/lake/lake-messages.ts";
import { ObjectBucket } from "./history/lake/object-bucket.ts";
import { lakeFolderOf } from "./settings/folders.ts";
import { SettingsFaulty, type HubSettings } from "./settings/load-settings.ts";

/** Throws `SettingsFaulty` when the file of keys has none. */
export function lakePlaceOf(settings: HubSettings): LakePlace {
  const { bucket } = settings.history;
  const folder = lakeFolderOf(settings);
  if (bucket === undefined) return { folder };
  const keys = readCredentials(bucket.credentialsFile);
  if (keys === undefined)
    throw new SettingsFaulty(
      `history.bucket.credentialsFile: ${bucket.credentialsFile} has no access key and secret key`,
    );
  const { url, region } = bucket;
  return {
    folder,
    bucket: { url, region, accessKeyId: keys.user, secretAccessKey: keys.password },
  };
}

/** Where a second copy of what lies in files goes; undefined where no bucket is named. */
export function secondPlaceOf(settings: HubSettings): ObjectBucket | undefined {
  const { bucket } = lakePlaceOf(settings);
  return bucket === undefined ? undefined : new ObjectBucket(bucket);
}
