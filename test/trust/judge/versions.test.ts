/** What differs between Kubernetes versions; every message was printed by a program of that version. */
import assert from "node:assert/strict";
import { type Issued, issue } from "../../../lab/x509/issue.ts";
import { judge } from "../../../trust/judge/judge.ts";
import { known } from "../../../trust/words/fact.ts";
import { rbacIn } from "../../support/pieces.ts";
import { apiServer, at, kubelet, message } from "../world.ts";

const failed = (error: string) => `run.go:72] "command failed" err="failed to ${error}"`;

describe("versions of Kubernetes", () => {
  let ca: Issued;
  let client: Issued;

  before(async () => {
    ca = await issue({ subject: "CN=kubernetes", isCA: true });
    client = await issue({ subject: "CN=reader", issuer: ca, usages: ["clientAuth"] });
  });

  it("agree that half a pair serves nothing since 1.36, and stops a kubelet before", () => {
    const half = (version: string) =>
      message(kubelet("", { configuration: "tlsCertFile: /tls.crt\n", version }));
    const refused = (line: number) =>
      `server.go:${line}] "Failed to listen and serve" err="open : no such file or directory"`;
    assert.equal(half("1.34.4"), refused(199));
    assert.equal(half("1.35.4"), refused(201));
    assert.equal(half("1.36.3"), "");
  });

  it("load a pair that is not reloaded as the server begins, or before 1.36 at the very end", () => {
    const configuration =
      "tlsCertFile: /none.crt\ntlsPrivateKeyFile: /tls.key\nfeatureGates: {ReloadKubeletServerCertificateFile: false}\n";
    const texts = { "/none.crt": { kind: "missing" }, "/tls.key": ca.keyPem } as const;
    const said = (version: string) => message(kubelet("", { configuration, version, texts }));
    const missing = "open /none.crt: no such file or directory";
    assert.equal(said("1.34.4"), `server.go:199] "Failed to listen and serve" err="${missing}"`);
    assert.equal(
      said("1.36.3"),
      failed(`run Kubelet: failed to create kubelet: failed to load certificate: ${missing}`),
    );
  });

  it("complain of a clientCAFile in words of their own", () => {
    const configuration = "authentication: {x509: {clientCAFile: /ca.crt}}\n";
    const said = (version: string, text: string) =>
      message(kubelet("", { configuration, version, texts: { "/ca.crt": text } }));
    const early = "construct kubelet dependencies: unable to load client CA file /ca.crt: ";
    const none = "data does not contain any valid RSA or ECDSA certificates";
    for (const text of ["", "this is no certificate\n"]) {
      assert.equal(
        said("1.35.4", text),
        failed(`${early}error creating pool from /ca.crt: ${none}`),
      );
    }
    assert.match(said("1.36.3", ""), /failed to run Kubelet: missing content for CA bundle/);
  });

  it("ask for create on nodes/proxy for a WebSocket too, unless both sides have 1.36", () => {
    const rules = "{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}";
    const rbac = rbacIn(
      `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}, rules: [${rules}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: r}, roleRef: {kind: ClusterRole, name: r}, subjects: [{kind: User, name: reader}]}`,
    );
    const exec = (kubeletVersion: string, version: string) => {
      const facts = kubelet("", {
        configuration: "authentication: {x509: {clientCAFile: /ca.crt}}\n",
        version: kubeletVersion,
        texts: { "/ca.crt": ca.certPem },
      });
      const caller = apiServer(
        "--authorization-mode=Node,RBAC --kubelet-client-certificate=/c.crt --kubelet-client-key=/c.key",
        {
          version,
          texts: { "/c.crt": client.certPem, "/c.key": client.keyPem },
          rbac: known(rbac),
          skip: "a test",
        },
      );
      const outcome = judge(facts, caller, { at }).requests.exec;
      return outcome.verdict === "fails" ? outcome.symptom : outcome.verdict;
    };
    assert.equal(exec("1.36.3", "1.37.2"), "skipped");
    const forbidden =
      "Internal error occurred: unable to upgrade connection: Forbidden (user=reader, verb=create, resource=nodes, subresource(s)=[proxy])";
    assert.equal(exec("1.35.4", "1.37.2"), forbidden);
    assert.equal(exec("1.35.4", "1.35.4"), forbidden);
  });
});
