import assert from "node:assert/strict";
import {
  apiServer,
  approver,
  at,
  closed,
  configuration,
  judged,
  kubeadm,
  program,
  said,
  servingOf,
  verifying,
} from "./pieces.ts";

const bootstrap = `---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
serverTLSBootstrap: true
`;
const join = `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: {name: n1}
`;

describe("what kubeadm fills in", () => {
  it("makes kubelets of a ClusterConfiguration alone: they sign their own certificates", () => {
    const { kubelets, assumptions } = judged([kubeadm(verifying)]);
    assert.match(said(kubelets[0]?.verdicts[0]?.serving), /doesn't contain any IP SANs/);
    assert.equal(kubelets[0]?.verdicts[0]?.client.logs.verdict, "verified");
    assert.deepEqual(kubelets[0]?.verdicts[0]?.openToAnyone, []);
    assert.match(assumptions.join("\n"), /KubeletConfiguration that kubeadm makes/);
  });

  it("fills in the KubeletConfiguration beside a ClusterConfiguration", () => {
    const documented = kubeadm(verifying + bootstrap);
    const { kubelets } = judged([documented]);
    assert.equal(kubelets.length, 1);
    assert.equal(kubelets[0]?.verdicts[0]?.client.exec.verdict, "verified");
    assert.match(said(servingOf([documented])), /fails: remote error: tls: internal error/);
    assert.match(
      said(servingOf([documented], { approverElsewhere: "an approver" })),
      /undecidable: an approver/,
    );
    assert.equal(servingOf([documented, approver()]).verdict, "verified");
    const given = judged([
      kubeadm(
        `${verifying}${bootstrap}authentication: {anonymous: {enabled: true}}\nauthorization: {mode: AlwaysAllow}\n`,
      ),
    ]);
    assert.ok(given.kubelets[0]?.verdicts[0]?.openToAnyone.includes("exec"));
  });

  it("takes Init's document, and ignores Join's", () => {
    const init = `---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n`;
    assert.equal(
      servingOf([kubeadm(verifying + init + bootstrap), approver()]).verdict,
      "verified",
    );
    const joined = judged([kubeadm(verifying, at("cluster")), kubeadm(join + bootstrap)]);
    assert.deepEqual(
      joined.kubelets.map(({ label }) => label),
      ["n1"],
    );
    assert.match(said(joined.kubelets[0]?.verdicts[0]?.serving), /doesn't contain any IP SANs/);
    assert.match(joined.assumptions.join("\n"), /kubeadm join ignores/);
    const alone = servingOf([apiServer("verify"), kubeadm(join + bootstrap)]);
    assert.match(said(alone), /undecidable: .*kubelet-config/);
  });

  it("takes what its ConfigMap says as it stands", () => {
    const served = judged([
      kubeadm(verifying),
      configuration("serverTLSBootstrap: true"),
      approver(),
    ]);
    assert.equal(served.kubelets.length, 1);
    assert.equal(served.kubelets[0]?.verdicts[0]?.serving.verdict, "verified");
    assert.equal(served.kubelets[0]?.verdicts[0]?.client.logs.verdict, "fails");
  });

  it("gives the ConfigMap's content to those who join", () => {
    const pieces = [
      kubeadm(verifying, at("cluster")),
      kubeadm(join, at("join")),
      configuration(`${closed}serverTLSBootstrap: true`),
      approver(),
    ];
    assert.equal(servingOf(pieces).verdict, "verified");
  });

  it("fills in what the ConfigMap leaves out for those who join", () => {
    const joined = (text: string) =>
      judged([
        kubeadm(verifying, at("cluster")),
        kubeadm(join, at("join")),
        configuration(text),
        approver(),
      ]).kubelets[0]?.verdicts[0];
    const left = joined("serverTLSBootstrap: true");
    assert.equal(left?.serving.verdict, "verified");
    assert.equal(left?.client.logs.verdict, "verified");
    const said = joined("authentication: {x509: {clientCAFile: /etc/other/ca.crt}}");
    assert.notEqual(said?.client.logs.verdict, "verified");
  });

  it("applies patches in the folder that it is told of", () => {
    const told = kubeadm(
      `${verifying}---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\npatches: {directory: /etc/kubernetes/patches}\n`,
    );
    const patch = (origin: Parameters<typeof at>[1]) =>
      configuration("serverTLSBootstrap: true", at("patch", origin), "kubeadm-patch");
    const inPlace = patch({ path: "/etc/kubernetes/patches/kubeletconfiguration0+merge.yaml" });
    assert.equal(servingOf([told, inPlace, approver()]).verdict, "verified");
    const elsewhere = patch({ path: "/opt/kubeletconfiguration.yaml" });
    assert.match(said(servingOf([told, elsewhere, approver()])), /doesn't contain any IP SANs/);
    assert.match(said(servingOf([told, approver()])), /undecidable: the patches in/);
    assert.match(said(servingOf([told, patch({}), approver()])), /undecidable: whether kubeadm/);
  });

  it("moves its files with certificatesDir", () => {
    const moved = verifying
      .replace("kubernetesVersion:", "certificatesDir: /srv/pki\nkubernetesVersion:")
      .replace("/etc/kubernetes/pki/ca.crt", "/srv/pki/ca.crt");
    const { kubelets } = judged([kubeadm(moved + bootstrap), approver()]);
    assert.equal(kubelets[0]?.verdicts[0]?.serving.verdict, "verified");
    assert.equal(kubelets[0]?.verdicts[0]?.client.logs.verdict, "verified");
    const left = verifying.replace(
      "kubernetesVersion:",
      "certificatesDir: /srv/pki\nkubernetesVersion:",
    );
    assert.match(
      said(servingOf([kubeadm(left + bootstrap), approver()])),
      /undecidable: .*pki\/ca.crt/,
    );
  });

  it("implies no kubelets where others are found", () => {
    const unit = program("kubelet --config=/k.yaml --kubeconfig=/k", at("nodes"));
    const own = configuration(`${closed}serverTLSBootstrap: true`, at("nodes", { key: "k.yaml" }));
    assert.equal(servingOf([kubeadm(verifying), unit, own, approver()]).verdict, "verified");
  });
});
