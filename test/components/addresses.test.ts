import assert from "node:assert/strict";
import { hostPort, subnetAddress } from "../../components/model/addresses.ts";
import { canonicalIp } from "../../trust/go/ip.ts";

describe("addresses", () => {
  it("spells IP addresses as Kubernetes does and refuses everything else", () => {
    const cases: [string, string | undefined][] = [
      ["10.240.0.11", "10.240.0.11"],
      ["FD00:0:0::0:1", "fd00::1"],
      ["::ffff:10.0.0.1", "10.0.0.1"],
      ["::", "::"],
      ["fe80::1%eth0", undefined],
      ["010.0.0.1", undefined],
      ["10.240.0", undefined],
      ["10.240.0.256", undefined],
      ["worker-0", undefined],
      ["", undefined],
    ];
    for (const [text, expected] of cases) assert.equal(canonicalIp(text), expected, text);
  });

  it("counts the addresses of the first subnet", () => {
    const cases: [string, number, string | undefined][] = [
      ["10.96.0.0/12", 1, "10.96.0.1"],
      ["10.96.0.0/12", 10, "10.96.0.10"],
      ["10.99.3.7/12", 1, "10.96.0.1"],
      ["fd00:10::/108", 1, "fd00:10::1"],
      ["10.96.0.0/16,fd00::/112", 10, "10.96.0.10"],
      ["10.96.0.0/29", 10, undefined],
      ["10.96.0.0/33", 1, undefined],
      ["10.96.0.0", 1, undefined],
      ["10.96.0.0/12/3", 1, undefined],
      ["services", 1, undefined],
    ];
    for (const [cidr, offset, expected] of cases) {
      assert.equal(subnetAddress(cidr, offset), expected, `${cidr} + ${offset}`);
    }
  });

  it("puts brackets around IPv6 alone", () => {
    assert.equal(hostPort("10.240.0.10", 6443), "10.240.0.10:6443");
    assert.equal(hostPort("fd00::10", 6443), "[fd00::10]:6443");
    assert.equal(hostPort("api.example.org", 6443), "api.example.org:6443");
  });
});
