import assert from "node:assert/strict";
import { test } from "node:test";

import { judgeBrokerTrouble, type BrokerTrouble } from "./broker-trouble.ts";

const url = "mqtts://broker.plant:8883";
const judge = (code: string | number | undefined, message = "why", at = url): BrokerTrouble =>
  judgeBrokerTrouble(Object.assign(new Error(message), { code }), at);

test("each kind of trouble says what a person can do about it", () => {
  const cases = [
    [judge(4, "Connection refused: Bad username or password"), "refused", /password file/],
    [judge(135, "Not authorized"), "refused", /what the broker allows/],
    [judge(1), "version", /3\.1\.1/],
    [judge("DEPTH_ZERO_SELF_SIGNED_CERT"), "untrusted", /caFile/],
    [judge("UNABLE_TO_GET_ISSUER_CERT_LOCALLY"), "untrusted", /caFile/],
    [judge("CERT_HAS_EXPIRED"), "untrusted", /new certificate.*date/],
    [judge("CERT_NOT_YET_VALID"), "untrusted", /date of this gateway/],
    [judge("ERR_TLS_CERT_ALTNAME_INVALID"), "untrusted", /name that stands in its certificate/],
    [judge("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"), "refused", /certificateFile and keyFile/],
    [judge("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"), "refused", /authority that the broker trusts/],
    [judge("ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED"), "refused", /has not expired/],
    [judge("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"), "refused", /certificateFile.*TLS 1\.2/],
    [judge("ERR_SSL_WRONG_VERSION_NUMBER"), "away", /port on which the broker encrypts/],
    [judge("ECONNREFUSED"), "away", /broker\.plant:8883 runs/],
  ] as const;
  for (const [trouble, kind, hint] of cases) {
    assert.equal(trouble.kind, kind, trouble.what);
    assert.match(trouble.hint, hint);
    assert.match(trouble.hint, /^[A-Z].*\.$/, "one sentence or two");
  }
});

test("what is wrong with a certificate is told apart", () => {
  assert.match(judge("CERT_HAS_EXPIRED").what, /has expired/);
  assert.match(judge("ERR_TLS_CERT_ALTNAME_INVALID").what, /not for the name broker\.plant$/);
  const byAddress = judge("ERR_TLS_CERT_ALTNAME_INVALID", "why", "mqtts://[::1]:8883");
  assert.match(byAddress.what, /not for the address \[::1\]$/);
});

test("a broker that hangs up without a word may encrypt, unless it is asked to", () => {
  assert.match(judgeBrokerTrouble(undefined, "mqtt://broker.plant").hint, /mqtts:\/\//);
  assert.doesNotMatch(judgeBrokerTrouble(undefined, url).hint, /mqtts:\/\//);
});
