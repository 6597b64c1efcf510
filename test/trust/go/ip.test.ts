import assert from "node:assert/strict";
import { canonicalIp, isLoopback, isUnspecified, sloppyIp } from "../../../trust/go/ip.ts";

describe("IP addresses", () => {
  it("are printed as Go prints them", () => {
    const printed = {
      "10.0.0.7": "10.0.0.7",
      "FD00:0:0:0:0:0:0:A": "fd00::a",
      "::ffff:10.0.0.7": "10.0.0.7",
      "::FFFF:a00:7": "10.0.0.7",
      "fe80::1%eth0": undefined,
      "010.0.0.7": undefined,
      "10.0.0": undefined,
      "": undefined,
    };
    for (const [text, ip] of Object.entries(printed)) assert.equal(canonicalIp(text), ip, text);
  });

  it("are read by Kubernetes whatever zeros they begin with", () => {
    assert.equal(sloppyIp("010.000.00.007"), "10.0.0.7");
    assert.equal(sloppyIp("::ffff:010.0.0.07"), "10.0.0.7");
    assert.equal(sloppyIp("10.0.0.256"), undefined);
    assert.equal(sloppyIp("node-10.0.0.7"), undefined);
  });

  it("are every address, or the machine's own, however they are written", () => {
    for (const text of ["0.0.0.0", "::", "0:0::0", "::ffff:0.0.0.0", "000.0.0.0"]) {
      assert.ok(isUnspecified(text), text);
    }
    for (const text of ["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"]) {
      assert.ok(isLoopback(text) && !isUnspecified(text), text);
    }
    for (const text of ["", "10.0.0.7", "fd00::1"]) {
      assert.ok(!isLoopback(text) && !isUnspecified(text), text);
    }
  });
});
