/** What kubeadm's documents and commands leave open is never what kubeadm does without it; in both doors. */
import assert from "node:assert/strict";
import { configMap, violationsOf } from "../policies/fake.ts";
import { kubeletConfiguration } from "../policies/stacks/parts.ts";
import { goodResources, judged } from "./both-doors.ts";

const verifying = "{name: kubelet-certificate-authority, value: /etc/kubernetes/pki/ca.crt}";
const cluster = (more = `apiServer: {extraArgs: [${verifying}]}`, version = "v1beta4") =>
  `apiVersion: kubeadm.k8s.io/${version}\nkind: ClusterConfiguration\nkubernetesVersion: v1.37.2\n${more}\n---\n`;
const document = (kind: string, more: string, version = "v1beta4") =>
  `apiVersion: kubeadm.k8s.io/${version}\nkind: ${kind}\n${more}\n---\n`;
const init = (more = "", version?: string) => document("InitConfiguration", more, version);
const clusterApi = (version: string, more: string) =>
  `apiVersion: controlplane.cluster.x-k8s.io/${version}\nkind: KubeadmControlPlane\nmetadata: {name: a}\nspec: {version: v1.37.2, kubeadmConfigSpec: {${more}}}\n`;
const kubelet = `${kubeletConfiguration("bootstrap")}---\n`;
const good = cluster() + init() + kubelet;

/** What both doors say of a text in the place of everything but the approver. */
function said(text: string, key = "kubeadm.yaml") {
  const [, , approver] = goodResources;
  assert.ok(approver);
  const rejected = violationsOf([approver, configMap("kubeadm", { [key]: text })])
    .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
    .map(({ message }) => message)
    .join("\n");
  const none = "apiVersion: v1\nkind: Namespace\n";
  const { exitCode, stdout } = judged({
    "kube-apiserver.yaml": none,
    "worker/kubelet.service": "",
    "worker/kubelet-config.yaml": none,
    [key]: text,
  });
  return { rejected, exitCode, stdout };
}

const bad: Readonly<Record<string, readonly [text: string, because: RegExp]>> = {
  "unknown extraArgs": [
    cluster("apiServer: {extraArgs: '{{ .ARGS }}'}") + init() + kubelet,
    /apiServer\.extraArgs of/,
  ],
  "an unknown apiServer": [cluster("apiServer: {{ .ARGS }}") + init() + kubelet, /apiServer of/],
  "an unknown entry of extraArgs": [
    cluster(`apiServer: {extraArgs: [${verifying}, '{{ .ARG }}']}`) + init() + kubelet,
    /apiServer\.extraArgs\.1 of/,
  ],
  "unknown kubeletExtraArgs": [
    cluster() + init("nodeRegistration: {kubeletExtraArgs: '{{ .ARGS }}'}") + kubelet,
    /nodeRegistration\.kubeletExtraArgs of/,
  ],
  "an unknown nodeRegistration": [
    cluster() + init("nodeRegistration: {{ .NODE }}") + kubelet,
    /nodeRegistration of/,
  ],
  "unknown patches": [cluster() + init("patches: {{ .PATCHES }}") + kubelet, /the patches in/],
  "a list before v1beta4": [
    cluster() +
      init("nodeRegistration: {kubeletExtraArgs: [{name: v, value: '2'}]}", "v1beta3") +
      kubelet,
    /nodeRegistration\.kubeletExtraArgs of .* in the form that its apiVersion has/,
  ],
  "a map in v1beta4": [
    cluster() + init("nodeRegistration: {kubeletExtraArgs: {v: '2'}}") + kubelet,
    /nodeRegistration\.kubeletExtraArgs of .* in the form that its apiVersion has/,
  ],
  "a version that is not known": [
    cluster() + init("", "v1") + kubelet,
    /a document of another kind or apiVersion/,
  ],
  "a kind that is not known": [
    good + document("'{{ .KIND }}'", "nodeRegistration: {}"),
    /a document of another kind or apiVersion/,
  ],
  "two of one kind": [good + cluster(""), /which of several ClusterConfiguration documents/],
  "two KubeletConfigurations": [good + kubelet, /which of several KubeletConfiguration documents/],
  "certificates that others make": [
    cluster() + init("skipPhases: [certs]") + kubelet,
    /skipPhases of kubeadm/,
  ],
  "a static pod that others make": [
    cluster() + init("skipPhases: [addon/kube-proxy, control-plane/apiserver]") + kubelet,
    /skipPhases of kubeadm/,
  ],
  "phases that are not known": [
    cluster() + init("skipPhases: ['{{ .PHASE }}']") + kubelet,
    /skipPhases of kubeadm/,
  ],
  "patches at an upgrade": [
    good + document("UpgradeConfiguration", "node: {patches: {directory: /etc/patches}}"),
    /node\.patches of kubeadm's UpgradeConfiguration/,
  ],
  "an unknown part of Cluster API's": [
    clusterApi("v1beta2", "clusterConfiguration: '{{ .CONFIGURATION }}'"),
    /apiServer of/,
  ],
  "a list in Cluster API's v1beta1": [
    clusterApi("v1beta1", `clusterConfiguration: {apiServer: {extraArgs: [${verifying}]}}`),
    /apiServer\.extraArgs of/,
  ],
};

const commands: Readonly<Record<string, RegExp | undefined>> = {
  "kubeadm init $ARGS": /the flags of kubeadm init/,
  'kubeadm init "${ARG}"': /the flags of kubeadm init/,
  "kubeadm init --upload-certs $ARGS": /the flags of kubeadm init/,
  "kubeadm init --skip-phases=certs": /skipPhases of kubeadm/,
  "kubeadm init phase control-plane apiserver": /what is made by kubeadm init/,
  "kubeadm join $ARGS": /the flags of kubeadm join/,
  "kubeadm join 10.0.0.1:6443 --token $TOKEN $ARGS": /the flags of kubeadm join/,
  "kubeadm upgrade node --patches /etc/patches": /gives to kubeadm upgrade/,
  "kubeadm join $END --token $TOKEN --discovery-token-ca-cert-hash $HASH": undefined,
  "kubeadm init phase upload-certs --upload-certs": undefined,
  "kubeadm upgrade apply v1.37.2": undefined,
  "kubeadm init --dry-run": undefined,
};

describe("kubeadm's documents", () => {
  it("pass where nothing in them is left open", () => {
    const v1beta3 =
      cluster(
        "apiServer: {extraArgs: {kubelet-certificate-authority: /etc/kubernetes/pki/ca.crt}}",
        "v1beta3",
      ) +
      init("nodeRegistration: {kubeletExtraArgs: {v: '2'}}", "v1beta3") +
      kubelet;
    const usual = cluster() + init("skipPhases: [preflight, addon/kube-proxy]") + kubelet;
    for (const text of [good, v1beta3, usual]) {
      const { rejected, exitCode, stdout } = said(text);
      assert.equal(rejected, "");
      assert.equal(exitCode, 0, stdout);
    }
  });

  it("have the newest version that is known where they name none, which is said", () => {
    for (const version of ["stable-1.37", "latest", "'{{ .VERSION }}'"]) {
      const { rejected, exitCode, stdout } = said(good.replace("v1.37.2", version));
      assert.equal(rejected, "");
      assert.equal(exitCode, 0, stdout);
      assert.match(stdout, /^Kubernetes 1\.\d+\.\d+: accepted/);
      assert.match(stdout, /Kubernetes is 1\.\d+\.\d+, the newest known\./);
    }
  });

  for (const [name, [text, because]] of Object.entries(bad)) {
    it(`are undecidable with ${name}`, () => {
      const { rejected, exitCode, stdout } = said(text);
      assert.match(rejected, because);
      assert.match(stdout, because);
      assert.equal(exitCode, 1);
    });
  }
});

describe("kubeadm's commands", () => {
  for (const [command, because] of Object.entries(commands)) {
    it(`${because ? "are undecidable" : "say nothing more"}: ${command}`, () => {
      const { rejected, stdout } = said(`#!/bin/sh\n${command}\n`, "boot.sh");
      if (because === undefined) {
        assert.equal(rejected, "");
        return;
      }
      assert.match(rejected, because);
      assert.match(stdout, because);
    });
  }
});
