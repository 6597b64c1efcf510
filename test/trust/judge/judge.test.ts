import assert from "node:assert/strict";
import type { Issued } from "../../../lab/x509/issue.ts";
import { judge } from "../../../trust/judge/judge.ts";
import { kubeadmFiles } from "../../../trust/kubeadm/pki.ts";
import { requestedCertificate } from "../../../trust/programs/kubelet/requested-certificate.ts";
import { known } from "../../../trust/words/fact.ts";
import { requestKinds } from "../../../trust/words/verdict.ts";
import { clusterAuthority, servingCertificate } from "../../support/certificates.ts";
import { apiServer, at, kubelet, node } from "../world.ts";

const kubeadmTypes = "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname";

describe("judge", () => {
  let ca: Issued;
  let leaf: Issued;

  before(async () => {
    ca = await clusterAuthority();
    leaf = await servingCertificate(ca, "node-1", "10.0.0.11");
  });

  const provisioned = "tlsCertFile: /tls.crt\ntlsPrivateKeyFile: /tls.key\n";
  const verify = `--kubelet-certificate-authority=/ca.crt ${kubeadmTypes}`;

  it("verifies what the stack issued, by cryptography", () => {
    const facts = kubelet("", {
      configuration: provisioned,
      texts: { "/tls.crt": leaf.certPem, "/tls.key": leaf.keyPem },
    });
    const { serving } = judge(facts, apiServer(verify, { texts: { "/ca.crt": ca.certPem } }), {
      at,
    });
    assert.equal(serving.verdict, "verified");
  });

  it("verifies what is known by identity alone, before any certificate exists", () => {
    const path = "/etc/kubernetes/pki/ca.crt";
    const file = kubeadmFiles({ cluster: "one", version: "1.37.2" })(path);
    assert.ok(file.known && file.value.kind === "certificates");
    const [signer] = file.value.certificates;
    assert.ok(signer);
    const facts = kubelet("", {
      configuration: "serverTLSBootstrap: true\n",
      request: known({ state: "issued", chain: [requestedCertificate(node, signer)] }),
    });
    const apiserver = apiServer(`--kubelet-certificate-authority=${path} ${kubeadmTypes}`, {
      texts: { [path]: file.value },
    });
    const now = new Date();
    assert.equal(judge(facts, apiserver, { at: now }).serving.verdict, "verified");
  });

  it("knows two clusters' CAs apart by identity", () => {
    const path = "/etc/kubernetes/pki/ca.crt";
    const [one, other] = ["one", "other"].map((cluster) => {
      const file = kubeadmFiles({ cluster, version: "1.37.2" })(path);
      return file.known && file.value.kind === "certificates"
        ? file.value.certificates[0]
        : undefined;
    });
    assert.ok(one && other);
    const facts = kubelet("", {
      configuration: "serverTLSBootstrap: true\n",
      request: known({ state: "issued", chain: [requestedCertificate(node, one)] }),
    });
    const apiserver = apiServer(`--kubelet-certificate-authority=${path} ${kubeadmTypes}`, {
      texts: { [path]: { kind: "certificates", certificates: [other] } },
    });
    const { serving } = judge(facts, apiserver, { at: new Date() });
    assert.match(serving.verdict === "fails" ? serving.symptom : "", /unknown authority/);
  });

  it("decides for a node of which nobody knows name or addresses", () => {
    const anywhere = {
      hostName: { known: false, missing: "the name" } as const,
      name: { known: false, missing: "the name" } as const,
      addresses: { known: false, missing: "the addresses" } as const,
    };
    const selfSigned = kubelet("", { configuration: "", node: anywhere });
    const { serving } = judge(selfSigned, apiServer(verify, { texts: { "/ca.crt": ca.certPem } }), {
      at,
    });
    assert.equal(
      serving.verdict === "fails" && serving.symptom,
      "tls: failed to verify certificate: x509: cannot validate certificate for <node IP> because it doesn't contain any IP SANs",
    );
  });

  it("says what is missing instead of guessing", () => {
    const missing = (facts: Parameters<typeof judge>[0], flags: string) => {
      const { serving } = judge(facts, apiServer(flags, { texts: { "/ca.crt": ca.certPem } }), {
        at,
      });
      return serving.verdict === "undecidable" ? serving.missing : [serving.verdict];
    };
    assert.deepEqual(missing(kubelet("", { configuration: provisioned }), verify), [
      "the content of /tls.crt",
    ]);
    assert.deepEqual(
      missing(kubelet("", { configuration: "serverTLSBootstrap: true\n" }), verify),
      ["what becomes of the certificate request"],
    );
    assert.deepEqual(
      missing(kubelet("", { configuration: "" }), "--kubelet-certificate-authority={{ .CA }}"),
      ["the value of {{ .CA }} in --kubelet-certificate-authority"],
    );
  });

  it("tells a silent skip from one that is meant", () => {
    const facts = kubelet("", { configuration: "" });
    assert.equal(judge(facts, apiServer(""), { at }).serving.verdict, "silentlySkipped");
    const meant = judge(facts, apiServer("", { skip: "a lab" }), { at }).serving;
    assert.equal(meant.verdict, "skipped");
    assert.match(meant.reason, /a lab/);
  });

  it("prefixes the same error as each kind of request does", () => {
    const { requests } = judge(
      kubelet("", { configuration: "" }),
      apiServer(verify, { texts: { "/ca.crt": ca.certPem } }),
      { at, pod: { namespace: "default", name: "web", container: "app" } },
    );
    const seen = (kind: (typeof requestKinds)[number]) => {
      const outcome = requests[kind];
      return outcome.verdict === "fails" ? `${outcome.httpStatus} ${outcome.symptom}` : "";
    };
    assert.match(
      seen("logs"),
      /^500 Get "https:\/\/10\.0\.0\.11:10250\/containerLogs\/default\/web\/app": tls: /,
    );
    assert.match(seen("exec"), /^500 error dialing backend: tls: /);
    assert.match(seen("metrics"), /^503 error trying to reach service: tls: /);
  });

  it("knows that a name is looked up before a request is passed on", () => {
    const facts = kubelet("", { configuration: "" });
    const unresolved = { ...facts, node: { ...facts.node, unresolvableNames: ["node-1"] } };
    const { requests } = judge(
      unresolved,
      apiServer("--kubelet-preferred-address-types=Hostname"),
      { at },
    );
    const seen = ({ metrics: one, logs: other }: typeof requests) =>
      [one, other].map((outcome) =>
        outcome.verdict === "fails" ? [outcome.httpStatus, outcome.symptom] : [],
      );
    assert.deepEqual(seen(requests), [
      [400, "lookup node-1 on <resolver>: no such host"],
      [
        500,
        `Get "https://node-1:10250/containerLogs/<namespace>/<pod>/<container>": dial tcp: lookup node-1 on <resolver>: no such host`,
      ],
    ]);
  });

  it("says what anyone may do without a credential", () => {
    const open = (configuration?: string) =>
      judge(
        kubelet("", configuration === undefined ? {} : { configuration }),
        apiServer("--authorization-mode=Node,RBAC"),
        { at },
      ).openToAnyone;
    assert.deepEqual(open(), requestKinds);
    assert.deepEqual(open("readOnlyPort: 10255\n"), ["metrics", "stats", "pods", "healthz"]);
    assert.deepEqual(open(""), []);
  });

  it("gives every rejection a concrete setting on a concrete side", () => {
    const outcomes = [
      judge(
        kubelet("", { configuration: "" }),
        apiServer(verify, { texts: { "/ca.crt": ca.certPem } }),
        { at },
      ),
      judge(kubelet("--no-such-flag", { configuration: "" }), apiServer(""), { at }),
      judge(kubelet("--tls-cert-file=/x", { configuration: "" }), apiServer(""), { at }),
      judge(
        kubelet("", { configuration: "" }),
        apiServer("--kubelet-preferred-address-types=internalip"),
        { at },
      ),
    ];
    for (const { serving } of outcomes) {
      assert.ok(serving.remedies.length > 0, serving.reason);
      for (const remedy of serving.remedies) {
        assert.ok(remedy.text.endsWith("."), remedy.text);
        assert.ok(["kubelet", "apiserver", "rbac", "certificates"].includes(remedy.side));
      }
    }
  });

  it("never shows a private key", () => {
    const facts = kubelet("", {
      configuration: provisioned,
      texts: { "/tls.crt": leaf.keyPem, "/tls.key": leaf.keyPem },
    });
    const text = JSON.stringify(
      judge(facts, apiServer(verify, { texts: { "/ca.crt": leaf.keyPem } }), { at }),
    );
    assert.ok(!text.includes(leaf.keyPem.split("\n")[1] ?? "?"));
  });
});
