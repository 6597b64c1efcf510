/** `--node-ip` that no node can have: the kubelet stops, or its node has no address; in both doors. */
import assert from "node:assert/strict";
import { configMap, violationsOf } from "../policies/fake.ts";
import { kubeletConfiguration, kubeletUnit } from "../policies/stacks/parts.ts";
import { goodResources, judged } from "./both-doors.ts";

function said(...flags: readonly string[]) {
  const unit = kubeletUnit(flags.map((flag) => `"${flag}"`));
  const [controlPlane, , ...others] = goodResources;
  assert.ok(controlPlane);
  const sent = violationsOf([
    controlPlane,
    configMap("nodes", {
      "kubelet.service": unit,
      "kubelet-config.yaml": kubeletConfiguration("bootstrap"),
    }),
    ...others,
  ]).filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
  const { exitCode, stdout } = judged({ "worker/kubelet.service": unit });
  return { pack: sent.map(({ message }) => message).join("\n"), exitCode, stdout };
}

const refused: Readonly<Record<string, string>> = {
  "127.0.0.1": "a loopback address",
  "::1": "a loopback address",
  "224.0.0.1": "a multicast address",
  "ff02::1": "a multicast address",
  "169.254.10.1": "a link-local address",
  "fe80::1": "a link-local address",
  "10.0.0.5,fe80::1": "a link-local address",
};
const stopped: Readonly<Record<string, RegExp>> = {
  "10.0.0.5,10.0.0.6": /must contain either a single IP or a dual-stack pair of IPs/,
  "fd00::1,fd00::2": /must contain either a single IP or a dual-stack pair of IPs/,
  "10.0.0.5,fd00::1,10.0.0.6": /must contain either a single IP or a dual-stack pair of IPs/,
  "10.0.0.5,::": /dual-stack node IP cannot include '0\.0\.0\.0' or '::'/,
};

describe("--node-ip", () => {
  for (const [ip, kind] of Object.entries(refused)) {
    it(`leaves a node without an address: ${ip}`, () => {
      for (const more of [[], ["--cloud-provider=external"]]) {
        const { pack, exitCode, stdout } = said(`--node-ip=${ip}`, ...more);
        assert.equal(exitCode, 1);
        for (const text of [pack, stdout]) {
          assert.match(text, /no preferred addresses found; known addresses: \[\]/);
          assert.match(text, new RegExp(`refuses --node-ip \\S+, ${kind}, and reports no address`));
          assert.match(text, /Set --node-ip to an address of the machine's network/);
        }
      }
    });
  }

  for (const [ip, says] of Object.entries(stopped)) {
    it(`stops a kubelet: ${ip}`, () => {
      const { pack, exitCode, stdout } = said(`--node-ip=${ip}`);
      assert.equal(exitCode, 1);
      for (const text of [pack, stdout]) {
        assert.match(text, says);
        assert.match(text, /Give --node-ip a value that the message allows/);
      }
    });
  }

  it("stops a kubelet with two families and a cloud provider of its own", () => {
    const { pack } = said("--node-ip=10.0.0.5,fd00::1", "--cloud-provider=aws");
    assert.match(pack, /dual-stack not supported in this configuration/);
  });

  it("is taken where it is one address or one of each family, or stands for any, or cannot be read", () => {
    for (const ip of ["10.0.0.5", "10.0.0.5,fd00::1", "fd00::1, 10.0.0.05", "::", "foo"]) {
      const { pack, exitCode, stdout } = said(`--node-ip=${ip}`);
      assert.equal(pack, "", ip);
      assert.equal(exitCode, 0, stdout);
    }
  });
});
