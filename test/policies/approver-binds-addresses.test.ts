import assert from "node:assert/strict";
import { configMap, resource } from "./fake.ts";
import { only, type Parts, saidBy } from "./good-stack.ts";

const policy = "approver-binds-addresses";

const said = saidBy(policy);

/** Makes the kubelet that of a node whose name and address are known. */
function oneNode(parts: Parts): void {
  parts.kubeletFlags["hostname-override"] = "n-0";
  parts.others.push(node("n-0", "10.240.0.11"));
}

/** Adds the kubelet of a second such node. */
function twoNodes(parts: Parts): void {
  oneNode(parts);
  const flags = Object.entries({ ...parts.kubeletFlags, "hostname-override": "n-1" });
  const words = flags.map(([name, value]) => `--${name}=${value}`).join(" ");
  const unit = `[Service]\nExecStart=/usr/bin/kubelet ${words}\n`;
  parts.others.push(configMap("node-1", { "kubelet.service": unit }), node("n-1", "10.240.0.12"));
}

function node(name: string, address: string) {
  return resource("kubernetes:core/v1:Node", name, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    status: { addresses: [{ type: "InternalIP", address }] },
  });
}

describe(policy, () => {
  it("says nothing of a good stack", () => {
    assert.deepEqual(said(), []);
  });

  it("tells that an approver without prefixes approves any address", () => {
    const sent = only(
      said((parts) => {
        parts.approverEnv = {};
      }),
    );
    assert.equal(sent.enforcementLevel, "advisory");
    assert.match(sent.message, /kubelet-csr-approver: approves any address for any node that asks/);
    assert.match(sent.message, /Fix: {3}\(kubelet\) Use tlsCertFile/);
  });

  it("names a node that would have its neighbour's address, be names looked up or not", () => {
    for (const bypass of ["true", "false"]) {
      const sent = only(
        said((parts) => {
          twoNodes(parts);
          parts.approverEnv.BYPASS_DNS_RESOLUTION = bypass;
        }),
      );
      assert.match(sent.message, /n-0 would have a certificate for 10\.240\.0\.12, which is n-1's/);
    }
  });

  it("says nothing where the prefixes hold no known node's address, or one node is all there is", () => {
    const elsewhere = said((parts) => {
      twoNodes(parts);
      parts.approverEnv.PROVIDER_IP_PREFIXES = "10.241.0.0/24";
    });
    const alone = said(oneNode);
    assert.deepEqual([...elsewhere, ...alone], []);
  });

  it("says nothing of an approver whose rules are not known, or that does not start", () => {
    const other = said((parts) => {
      parts.approver = "alex1989hu/kubelet-serving-cert-approver:0.11.0";
    });
    const broken = said((parts) => {
      parts.approverEnv = { PROVIDER_REGEX: "(" };
    });
    assert.deepEqual([...other, ...broken], []);
  });
});
