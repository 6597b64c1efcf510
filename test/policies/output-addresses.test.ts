/** Clusters of our components whose machines are made by the same program: what a first preview knows, and what not. */
import assert from "node:assert/strict";
import type { PolicyResource } from "@pulumi/policy";
import { Cluster } from "../../components/index.ts";
import { hostFilesOutputs, tokens } from "../../trust/contract.ts";
import { recordPreview } from "../support/recorded.ts";
import { unknownValue } from "./fake.ts";
import { mandatory } from "./own-cluster.ts";
import { collectedCertificate } from "./stacks/collected.ts";

describe("a kubelet's own certificate that was handed in", function () {
  this.timeout(60_000);
  const pem = collectedCertificate("w-0");
  /** A cluster that trusts it, after a change of what its component registered. */
  const stack = async (registered: unknown): Promise<PolicyResource[]> =>
    (
      await recordPreview(() => {
        new Cluster("c", {
          stance: "trustSelfSigned",
          controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
          nodePools: [
            {
              name: "workers",
              servingMode: "selfSigned",
              nodes: [{ name: "w-0", addresses: ["10.0.0.11"], selfSignedCertificate: pem }],
            },
          ],
        });
      })
    ).map((one) =>
      one.type === tokens.hostFiles && one.name.endsWith("/workers")
        ? { ...one, props: { ...one.props, [hostFilesOutputs.selfSignedCertificates]: registered } }
        : one,
    );

  it("is in the bundle before the bundle is known", async () => {
    assert.equal(mandatory(await stack({ "w-0": pem })), "");
  });

  it("leaves unknown whom the bundle trusts where it is unknown itself", async () => {
    for (const registered of [unknownValue, { "w-0": unknownValue }]) {
      const said = mandatory(await stack(registered));
      assert.match(said, /nobody can tell whether kube-apiserver will accept/);
      assert.match(said, /Undecidable without the content of .*kubelet-serving-bundle\.crt/);
      assert.doesNotMatch(said, /will not accept its serving certificate/);
    }
  });
});
