import assert from "node:assert/strict";
import { before } from "mocha";
import { type Issued, issue } from "../../../../lab/x509/issue.ts";
import { judge } from "../../../../trust/judge/judge.ts";
import { known } from "../../../../trust/words/fact.ts";
import { apiServer, at, kubelet } from "../../world.ts";

/** A kubeconfig whose current user is the second one of it. */
function kubeconfig(user: Record<string, string>): string {
  return JSON.stringify({
    "current-context": "here",
    contexts: [
      { name: "there", context: { user: "another" } },
      { name: "here", context: { user: "own" } },
    ],
    users: [
      { name: "another", user: { token: "t" } },
      { name: "own", user },
    ],
  });
}

describe("who a kubelet is to kube-apiserver", () => {
  let ca: Issued;
  let node: Issued;
  let other: Issued;
  let caller: Issued;

  before(async () => {
    ca = await issue({ subject: "CN=kubernetes", isCA: true });
    const usages = ["clientAuth" as const];
    node = await issue({ subject: "O=system:nodes,CN=system:node:node-1", issuer: ca, usages });
    caller = await issue({ subject: "O=system:masters,CN=caller", issuer: ca, usages });
    other = await issue({ subject: "O=workers,CN=kubelet", issuer: ca, usages });
  });

  const identity = (texts: Record<string, string>) => kubelet("", { texts }).identity;
  const data = ({ certPem }: Issued) => ({
    "client-certificate-data": Buffer.from(certPem).toString("base64"),
  });
  const asNode = known({ user: "system:node:node-1", groups: ["system:nodes"] });
  const asOther = known({ user: "kubelet", groups: ["workers"] });

  it("is the user of its kubeconfig's current context, by a certificate in it or beside it", () => {
    assert.deepEqual(identity({ "/kubeconfig": kubeconfig(data(node)) }), asNode);
    assert.deepEqual(identity({ "/kubeconfig": kubeconfig(data(other)) }), asOther);
    for (const path of ["/client.crt", "client.crt", "./client.crt"]) {
      const texts = {
        "/kubeconfig": kubeconfig({ "client-certificate": path }),
        "/client.crt": other.certPem,
      };
      assert.deepEqual(identity(texts), asOther, path);
    }
  });

  it("is its node where the kubeconfig, its user or its certificate is not at hand", () => {
    assert.deepEqual(identity({}), asNode);
    for (const text of ["", "{}", "a: [", JSON.stringify({ "current-context": "gone" })]) {
      assert.deepEqual(identity({ "/kubeconfig": text }), asNode, text);
    }
    const current = { "client-certificate": "/var/lib/kubelet/pki/kubelet-client-current.pem" };
    assert.deepEqual(identity({ "/kubeconfig": kubeconfig(current) }), asNode);
  });

  it("is not known by a token, and then nor is whether it may ask who calls it", () => {
    const texts = { "/kubeconfig": kubeconfig({ token: "t" }), "/ca.crt": ca.certPem };
    const { identity } = kubelet("", { texts });
    assert.deepEqual(identity, {
      known: false,
      missing: "who the token in /kubeconfig is to kube-apiserver",
    });
    assert.equal(callOf(texts).verdict, "undecidable");
  });

  it("decides whether it may ask who calls it", () => {
    const textsOf = (one: Issued) => ({
      "/kubeconfig": kubeconfig(data(one)),
      "/ca.crt": ca.certPem,
    });
    assert.equal(callOf(textsOf(node)).verdict, "verified");
    const refused = callOf(textsOf(other));
    assert.equal(refused.verdict, "fails");
    assert.deepEqual([refused.cause, refused.httpStatus], ["may-not-ask", 500]);
    assert.match(
      refused.symptom,
      /^Internal error occurred: Authorization error \(user=\S+, verb=get/,
    );
  });

  /** What becomes of a request for logs by a caller who may do everything. */
  function callOf(texts: Record<string, string>) {
    const configuration = "authentication: {x509: {clientCAFile: /ca.crt}}\n";
    const flags =
      "--authorization-mode=Node,RBAC --kubelet-client-certificate=/c.crt --kubelet-client-key=/c.key";
    const pair = { "/c.crt": caller.certPem, "/c.key": caller.keyPem };
    return judge(kubelet("", { texts, configuration }), apiServer(flags, { texts: pair }), { at })
      .client.logs;
  }
});
