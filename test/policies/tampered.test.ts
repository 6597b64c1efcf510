/** A cluster of our components after transforms, stack transforms and aliases: what is deployed is judged. */
import assert from "node:assert/strict";
import type { PolicyResource } from "@pulumi/policy";
import {
  fileListKey,
  hostFilesSecretName,
  hostFilesSecretType,
  machineLabel,
  paths,
  tokens,
} from "../../trust/contract.ts";
import { configMap, resource } from "./fake.ts";
import { mandatory, ownCluster } from "./own-cluster.ts";

const open =
  "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: {anonymous: {enabled: true}}\nauthorization: {mode: AlwaysAllow}\n";
const openUnit = "[Service]\nExecStart=/usr/bin/kubelet --anonymous-auth=true\n";
const anyone = /anyone who reaches it gets in without a credential/;
const init =
  "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration: {kubeletExtraArgs: [{name: anonymous-auth, value: 'true'}]}\n";

type Stack = readonly PolicyResource[];
type Props = Record<string, unknown>;

/** What a transform makes of the resources of a type, or of those of a name. */
function changed(stack: Stack, which: string, change: (props: Props) => Props): PolicyResource[] {
  const found = stack.map((one) => {
    const { name } = (one.props.metadata ?? {}) as { name?: string };
    const isMeant = one.type.endsWith(`:${which}`) || name === which;
    return isMeant ? { ...one, props: change(one.props) } : one;
  });
  assert.notDeepEqual(found, stack, `there is a ${which}`);
  return found;
}

const inData =
  (more: (data: Record<string, string>) => Record<string, string>) => (props: Props) => {
    const data = props.data as Record<string, string>;
    return { ...props, data: { ...data, ...more(data) } };
  };
const inSpec = (more: Props) => (props: Props) => ({
  ...props,
  spec: { ...(props.spec as Props), ...more },
});
const below = (stack: Stack, type: string, made: PolicyResource): PolicyResource[] => {
  const parent = stack.find((one) => one.type === type);
  assert.ok(parent, type);
  return [...stack, { ...made, parent }];
};
const machineSecret = (machine: string) =>
  resource("kubernetes:core/v1:Secret", "second", {
    type: hostFilesSecretType,
    metadata: {
      name: hostFilesSecretName(machine),
      namespace: "kube-system",
      labels: { [machineLabel]: machine },
    },
    stringData: {
      [fileListKey]: JSON.stringify([{ path: paths.kubeletUnit, mode: "0644", key: "unit" }]),
      unit: openUnit,
    },
  });

const attacks: Readonly<Record<string, readonly [(stack: Stack) => PolicyResource[], RegExp]>> = {
  "a KubeletConfiguration in another key of kubeadm-config": [
    (stack) =>
      changed(
        stack,
        "kubeadm-config",
        inData(() => ({ kubelet: open })),
      ),
    anyone,
  ],
  "a unit in another key of kubeadm-config": [
    (stack) =>
      changed(
        stack,
        "kubeadm-config",
        inData(() => ({ "kubelet.service": openUnit })),
      ),
    anyone,
  ],
  "a KubeletConfiguration behind the ClusterConfiguration": [
    (stack) =>
      changed(
        stack,
        "kubeadm-config",
        inData(({ ClusterConfiguration: text }) => ({
          ClusterConfiguration: `${text}---\n${open}`,
        })),
      ),
    anyone,
  ],
  "kubelets' flags behind the ClusterConfiguration": [
    (stack) =>
      changed(
        stack,
        "kubeadm-config",
        inData(({ ClusterConfiguration: text }) => ({
          ClusterConfiguration: `${text}---\n${init}`,
        })),
      ),
    /why ConfigMap \S+kubeadm-config differs from what ApiServerKubeletAccess/,
  ],
  "a ConfigMap under the component of kube-apiserver's flags": [
    (stack) =>
      below(
        stack,
        tokens.apiServerKubeletAccess,
        configMap("more", { "kubelet.service": openUnit }),
      ),
    anyone,
  ],
  "a ConfigMap under the component of the KubeletConfiguration": [
    (stack) => below(stack, tokens.kubeletConfigMap, configMap("more", { kubelet: open })),
    anyone,
  ],
  "a second Secret for a machine": [
    (stack) => below(stack, tokens.hostFiles, machineSecret("w-0")),
    anyone,
  ],
  "a Secret for a machine under another name": [
    (stack) =>
      changed(stack, hostFilesSecretName("w-0"), (props) => ({
        ...props,
        metadata: { ...(props.metadata as Props), labels: { [machineLabel]: "w-9" } },
      })),
    /the Secret with the files of w-0/,
  ],
  "a file that a machine's list names and its Secret lost": [
    (stack) =>
      changed(stack, hostFilesSecretName("w-0"), (props) => ({
        ...props,
        data: Object.fromEntries(
          Object.entries(props.data as Props).filter(
            ([key]) => key !== "etc_kubernetes_pki_ca.crt",
          ),
        ),
      })),
    /\/etc\/kubernetes\/pki\/ca\.crt of Secret kube-system\/host-files-w-0/,
  ],
  "an alias of a machine's Secret": [
    (stack) => {
      const real = stack.find(({ props }) => props.type === hostFilesSecretType);
      const made = configMap("more", { "kubelet.service": openUnit });
      return [...stack, { ...made, opts: { ...made.opts, aliases: [real?.urn ?? ""] } }];
    },
    anyone,
  ],
  "an alias of a component, of which nothing is left": [
    (stack) => {
      const owner = stack.find(({ type }) => type === tokens.hostFiles);
      const made = resource(tokens.hostFiles, "again", owner?.props ?? {});
      return [...stack, { ...made, opts: { ...made.opts, aliases: [owner?.urn ?? ""] } }];
    },
    /the Secret with the files of \S+ of HostFiles again/,
  ],
  "an approver of no replica": [
    (stack) => changed(stack, "Deployment", inSpec({ replicas: 0 })),
    /it has 0 replicas/,
  ],
  "an approver that is another program": [
    (stack) =>
      changed(
        stack,
        "Deployment",
        inSpec({ template: { spec: { containers: [{ name: "x", image: "busybox:1" }] } } }),
      ),
    /nobody approves it/,
  ],
  "an approver without a token": [
    (stack) =>
      changed(stack, "ServiceAccount", (props) => ({
        ...props,
        automountServiceAccountToken: false,
      })),
    /has no token to approve with/,
  ],
  "roles that grant nothing": [
    (stack) => changed(stack, "ClusterRole", (props) => ({ ...props, rules: [] })),
    /may not approve for signer/,
  ],
  "bindings of nobody": [
    (stack) => changed(stack, "ClusterRoleBinding", (props) => ({ ...props, subjects: [] })),
    /Forbidden \(user=/,
  ],
  "a request that names another": [
    (stack) =>
      changed(stack, "CertRequest", (props) => ({ ...props, subject: { commonName: "x" } })),
    /will not let kube-apiserver in/,
  ],
  "certificates of another use": [
    (stack) =>
      changed(stack, "LocallySignedCert", (props) => ({ ...props, allowedUses: ["code_signing"] })),
    /will not accept its serving certificate/,
  ],
};

describe("a cluster of our components that something has tampered with", function () {
  this.timeout(60_000);
  let made: Stack;
  before(async () => {
    made = await ownCluster();
  });

  it("is well as it is made", () => assert.equal(mandatory(made), ""));

  for (const [name, [attack, says]] of Object.entries(attacks)) {
    it(`is told: ${name}`, () => assert.match(mandatory(attack(made)), says));
  }
});
