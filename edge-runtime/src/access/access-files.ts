import { join } from "node:path";

import { privateFolder } from "../settings/private-folder.ts";

/** What the gateway keeps of people outside its journal, in files that its own user alone can read. */
export interface AccessFiles {
  readonly folder: string;
  /** What PINs are hashed with besides themselves. Without it their hashes say nothing. */
  readonly secret: string;
  /** Where the audit chain ended last, outside the journal that holds it. */
  readonly auditHead: string;
  readonly httpsKey: string;
  readonly httpsCertificate: string;
}

/** @param folder of the journal */
export function accessFiles(folder: string): AccessFiles {
  const own = privateFolder(folder);
  return {
    folder: own,
    secret: join(own, "access-secret"),
    auditHead: join(own, "audit-head.json"),
    httpsKey: join(own, "https-key.pem"),
    httpsCertificate: join(own, "https.pem"),
  };
}
