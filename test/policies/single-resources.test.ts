import assert from "node:assert/strict";
import service from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import { specs } from "../../policies/policies.ts";
import { toPolicy } from "../../policies/policy.ts";
import { passOverSingleResources } from "../../policies/sdk.ts";

describe("the engine's questions about single resources", () => {
  const { analyze, remediate } = service.AnalyzerService;
  const originals = [analyze, remediate].map((call) => call.requestDeserialize);

  afterEach(() => {
    for (const [index, call] of [analyze, remediate].entries()) {
      const original = originals[index];
      if (original) call.requestDeserialize = original;
    }
  });

  it("are for none of the policies", () => {
    for (const spec of specs) {
      const policy = toPolicy(spec);
      assert.ok("validateStack" in policy, policy.name);
      assert.ok(!("validateResource" in policy || "remediateResource" in policy), policy.name);
    }
  });

  it("are not read", () => {
    const request = new messages.AnalyzeRequest();
    request.setUrn("urn:pulumi:dev::project::tls:index/privateKey:PrivateKey::key");
    request.setOptions(new messages.AnalyzerResourceOptions());
    const bytes = Buffer.from(request.serializeBinary());
    for (const call of [analyze, remediate]) {
      assert.equal(call.requestDeserialize(bytes).getUrn(), request.getUrn());
    }
    passOverSingleResources();
    for (const call of [analyze, remediate]) {
      const read = call.requestDeserialize(bytes);
      assert.equal(read.getUrn(), "");
      // What the SDK asks of every request, whatever the policies.
      assert.deepEqual(read.getProperties()?.toJavaScript(), {});
      assert.ok(read.getOptions());
    }
  });
});
