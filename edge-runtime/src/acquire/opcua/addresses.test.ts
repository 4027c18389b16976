import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { nodeIdText, parseAddress, permanentAddress, usesNamespaceIndex } from "./addresses.ts";

describe("opcua addresses", () => {
  const table = ["http://opcfoundation.org/UA/", "urn:server", "urn:pump;odd%name"];

  test("a permanent address leads back to the same node, whatever its name holds", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2 }),
        fc.string({ minLength: 1, unit: "binary" }),
        (index, name) => {
          const text = permanentAddress(index, `s=${name}`, table);
          assert.ok(text !== undefined);
          const address = parseAddress(text);
          assert.ok(address.kind === "node");
          assert.equal(nodeIdText(address, table), `ns=${index};s=${name}`);
          assert.equal(usesNamespaceIndex(address), false);
        },
      ),
    );
  });

  test("a namespace that has moved in the table is found again, one that is gone is not", () => {
    const address = parseAddress("nsu=urn:server;i=7");
    assert.ok(address.kind === "node");
    assert.equal(nodeIdText(address, ["x", "y", "urn:server"]), "ns=2;i=7");
    assert.equal(nodeIdText(address, ["x"]), undefined);
  });

  test("names of a path belong to the namespace of the name before them", () => {
    assert.deepEqual(parseAddress("path:/Objects/2:Pump1/Bearing/{http://a/b}T&/1/0:EURange"), {
      kind: "path",
      steps: [
        { namespace: { index: 0 }, name: "Objects" },
        { namespace: { index: 2 }, name: "Pump1" },
        { namespace: { index: 2 }, name: "Bearing" },
        { namespace: { uri: "http://a/b" }, name: "T/1" },
        { namespace: { index: 0 }, name: "EURange" },
      ],
    });
  });

  test("what is no address is refused in words", () => {
    for (const text of [
      "",
      "Pump1",
      "i=-1",
      "i=4294967296",
      "g=12",
      "b=%%",
      "ns=1",
      "nsu=;s=x",
      "path:Objects",
      "path:/Objects//x",
      "path:/{urn:x",
    ]) {
      const address = parseAddress(text);
      assert.equal(address.kind, "refused", text);
    }
  });

  test("no text makes the parser fail", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `path:/${text}`),
        ),
        (text) => {
          parseAddress(text);
        },
      ),
    );
  });
});
