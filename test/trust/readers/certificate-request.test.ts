import assert from "node:assert/strict";
import { issue } from "../../../lab/x509/issue.ts";
import type { JsonObject } from "../../../trust/readers/yaml.ts";
import { piecesOfObject } from "../../support/pieces.ts";

/** A request of worker-0 with changes to its spec and its status. */
function request(status: JsonObject = {}, spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "csr-1", creationTimestamp: "2026-11-26T08:00:00Z" },
    spec: {
      signerName: "kubernetes.io/kubelet-serving",
      username: "system:node:worker-0",
      ...spec,
    },
    status,
  };
}

function stateOf(object: JsonObject) {
  const [piece] = piecesOfObject(object);
  assert.ok(piece?.kind === "request");
  assert.equal(piece.node, "worker-0");
  const { state } = piece.request;
  return "because" in piece.request ? { state, because: piece.request.because } : { state };
}

const condition = (type: string, more: JsonObject = {}) => ({ type, status: "True", ...more });

describe("CertificateSigningRequest", () => {
  it("is pending while nobody has decided", () =>
    assert.deepEqual(stateOf(request()), { state: "pending" }));

  it("is denied whoever approves it as well, with the reason", () => {
    const denied = condition("Denied", { reason: "Policy", message: "no such node" });
    assert.deepEqual(stateOf(request({ conditions: [condition("Approved"), denied] })), {
      state: "denied",
      because: "Policy: no such node",
    });
  });

  it("is never issued where nobody signs what was approved, or signing failed", () => {
    const approved = condition("Approved");
    assert.deepEqual(stateOf(request({ conditions: [approved] })), { state: "neverIssued" });
    const failed = condition("Failed", { message: "invalid usage" });
    assert.deepEqual(stateOf(request({ conditions: [approved, failed] })), {
      state: "neverIssued",
      because: "invalid usage",
    });
  });

  it("is issued with its certificate", async () => {
    const { certPem } = await issue({ subject: "CN=system:node:worker-0,O=system:nodes" });
    const certificate = Buffer.from(certPem).toString("base64");
    const [piece] = piecesOfObject(request({ conditions: [condition("Approved")], certificate }));
    assert.ok(piece?.kind === "request" && piece.request.state === "issued");
    assert.equal(piece.request.chain[0]?.label, "certificate system:node:worker-0");
  });

  it("is nothing where another signer is asked, or no node asks", () => {
    assert.deepEqual(piecesOfObject(request({}, { signerName: "example.com/x" })), []);
    assert.deepEqual(piecesOfObject(request({}, { username: "somebody" })), []);
  });
});
