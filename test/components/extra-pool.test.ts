import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { NodePool } from "../../components/index.ts";
import { planCluster } from "../../components/plan/cluster-plan.ts";
import { violationsOf } from "../policies/fake.ts";
import { recordPreview } from "../support/recorded.ts";
import { selfSigned } from "./openssl.ts";

const file = new URL("../../examples/extra-pool/policy-config.json", import.meta.url);
const configuration = JSON.parse(readFileSync(file, "utf8"));

const { settings } = planCluster("dev", {
  controlPlanes: [{ name: "control-plane-0", addresses: ["10.240.0.10"] }],
  nodePools: [],
});
const ca = selfSigned({
  subject: "/CN=kubernetes",
  days: 400,
  extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"],
});

function pool(): void {
  new NodePool("pool", {
    pool: { name: "extra", nodes: [{ name: "extra-0", addresses: ["10.240.0.31"] }] },
    settings,
    ca: { certPem: ca.certPem, privateKeyPem: pulumi.secret(ca.privateKeyPem) },
  });
}

describe("the policies on examples/extra-pool", () => {
  it("pass with the example's configuration, which has the flags that the pool registers", async () => {
    const resources = await recordPreview(pool);
    const names = Object.keys(configuration);
    assert.equal(names.length, 4);
    // Recorded resources have their secrets in the open, which is that policy's affair and no stack's.
    const judged = ({ policy }: { policy: string }) => policy !== "private-key-exposure";
    for (const name of names) {
      assert.deepEqual(violationsOf(resources, configuration[name]).filter(judged), []);
    }
    const made = resources.find(({ type }) => type === "kubelet-trust:index:NodePool");
    const [declared] = configuration["kubelet-serving-trust"].apiServers;
    for (const flag of made?.props.apiServerFlags ?? ["none"]) {
      assert.ok(declared.flags.includes(flag), flag);
    }
  });

  it("reject the pool without it, since nobody says which kube-apiserver calls", async () => {
    const found = violationsOf(await recordPreview(pool));
    assert.ok(found.some(({ enforcementLevel }) => enforcementLevel === "mandatory"));
  });
});
