import assert from "node:assert/strict";
import { test } from "node:test";

import { DeviceUnreachable, SettingsRefused } from "../faults.ts";
import { ChannelLost, ServiceFailure, toOpenFault } from "./faults.ts";

const own = { thumbprint: "AB".repeat(20), certificateFile: "/var/lib/own/gateway.der" };

test("a controller that does not trust us is told with our thumbprint and the file to bring it", () => {
  for (const status of ["BadSecurityChecksFailed", "BadCertificateUntrusted"]) {
    const fault = toOpenFault("press", new ServiceFailure("OpenSecureChannel", status), own);
    assert.ok(fault instanceof SettingsRefused);
    assert.equal(fault.message, "press refuses: the controller does not trust this gateway yet");
    assert.ok(fault.hint.includes(own.thumbprint) && fault.hint.includes(own.certificateFile));
  }
});

test("a time that does not hold is nearly always the clock of a new machine", () => {
  const failure = new ServiceFailure("OpenSecureChannel", "BadCertificateTimeInvalid");
  const fault = toOpenFault("press", failure, own);
  assert.ok(fault instanceof SettingsRefused);
  assert.match(fault.hint, /nearly always its clock: set the clock of the controller/);
});

test("trouble that passes is tried again soon, with a word on whom to wait for", () => {
  for (const [status, hint] of [
    ["BadTooManySessions", /no free session/],
    ["BadTooManySubscriptions", /no free subscription/],
    ["BadShutdown", /shutting down/],
  ] as const) {
    const fault = toOpenFault("press", new ServiceFailure("CreateSession", status), own);
    assert.ok(fault instanceof DeviceUnreachable);
    assert.equal(fault.retry, "soon");
    assert.match(fault.hint, hint);
  }
  const gone = toOpenFault("press", new ChannelLost("Read: no answer"), own);
  assert.ok(gone instanceof DeviceUnreachable);
  assert.match(gone.hint, /has power/);
});
