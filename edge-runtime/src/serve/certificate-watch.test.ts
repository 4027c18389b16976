import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "@millwright/kit";
import type { CertificateEnd } from "@millwright/wire-contract";

import { CertificateWatch, dueWords } from "./certificate-watch.ts";

const dayUs = 86_400_000_000;

test("the first to end comes first, a new one shows within a minute, and where there is none nothing is said", async () => {
  const clock = new PlayedClock();
  let found: readonly CertificateEnd[] = [];
  const watch = new CertificateWatch(clock, () => Promise.resolve(found));
  await watch.service.start();
  await clock.advance(3_000);
  const ends = (): CertificateWatch["ends"] => watch.ends;
  assert.equal(ends(), undefined);
  const late: CertificateEnd = { use: "page", notAfterUs: clock.nowUs() + 500 * dayUs };
  const soon: CertificateEnd = {
    ...{ use: "opcua-application", device: "press" },
    notAfterUs: clock.nowUs() + 74 * dayUs + 120e6,
  };
  found = [late, soon];
  await clock.advance(60_000);
  const [first, second] = ends() ?? [];
  assert.equal(first?.device, "press");
  assert.match(first.due ?? "", /ends on .*, in 74 days\. Renew it: millwright certificate press/);
  assert.deepEqual(second, late);
  await watch.service.stop(AbortSignal.timeout(60_000));
});

test("a person is told 90 days before, of the page's own that renews itself 30; at the end that it has ended", () => {
  const nowUs = 1_800_000_000_000_000;
  const words = (use: CertificateEnd["use"], days: number): string | undefined =>
    dueWords({ use, notAfterUs: nowUs + days * dayUs }, nowUs);
  for (const use of ["opcua-application", "opcua-user", "broker-client"] as const) {
    assert.equal(words(use, 90), undefined);
    assert.match(words(use, 89.5) ?? "", /in 89 days/);
  }
  assert.equal(words("page", 30), undefined);
  assert.match(words("page", 29) ?? "", /in 29 days, and could not be renewed/);
  assert.match(words("broker-authority", -0.5) ?? "", /ended on 2027-01-14/);
});
