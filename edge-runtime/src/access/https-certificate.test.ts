import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { accessFiles } from "./access-files.ts";
import { ensureHttpsCertificate, type HttpsCertificate } from "./https-certificate.ts";

const nowUs = 1_800_000_000_000_000;
const dayUs = 86_400e6;

test("the certificate stays until it nears its end or the gateway is named otherwise, and its key stays then, too", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "millwright-https-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const files = accessFiles(folder);
  const names = ["gw-1.plant", "10.0.0.8", "fd00::8"];
  const at = (days: number, named = names): Promise<HttpsCertificate> =>
    ensureHttpsCertificate(files, named, nowUs + days * dayUs);

  const made = await at(0);
  assert.equal(statSync(files.httpsKey).mode & 0o777, 0o600);
  const view = new X509Certificate(made.certificate);
  assert.equal(view.fingerprint256, made.thumbprint);
  assert.equal(view.checkHost("gw-1.plant"), "gw-1.plant");
  assert.equal(view.checkIP("10.0.0.8"), "10.0.0.8");
  assert.equal(view.checkIP("fd00::8"), "fd00::8");
  assert.equal(view.checkHost("gw-2.plant"), undefined);
  // Apple's limit for servers.
  assert.ok(view.validToDate.getTime() - view.validFromDate.getTime() < 825 * 86_400_000);

  assert.equal((await at(0)).thumbprint, made.thumbprint);
  assert.equal((await at(739)).thumbprint, made.thumbprint);
  assert.equal((await at(0, names.slice(0, 2))).thumbprint, made.thumbprint);
  const renewed = await at(741);
  assert.notEqual(renewed.thumbprint, made.thumbprint);
  assert.equal(renewed.key, made.key);
  // The clock was set back: what is not valid yet is of no use.
  const back = await at(0);
  assert.notEqual(back.thumbprint, renewed.thumbprint);
  const named = await at(0, ["gw-2.plant"]);
  assert.equal(new X509Certificate(named.certificate).checkHost("gw-2.plant"), "gw-2.plant");
});
