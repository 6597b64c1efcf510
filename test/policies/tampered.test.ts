/** A cluster of our components after transforms, stack transforms and aliases: what is deployed is judged. */
import assert from "node:assert/strict";
import type { PolicyResource } from "@pulumi/policy";
import {
  fileKey,
  fileListKey,
  hostFilesSecretName,
  hostFilesSecretType,
  machineLabel,
  paths,
  readFileList,
  tokens,
} from "../../trust/contract.ts";
import { configMap, resource, unknownValue } from "./fake.ts";
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
/** Another variable behind those of the approver. */
const inApprover = (stack: Stack, variable: Props): PolicyResource[] =>
  changed(stack, "Deployment", (props) => {
    const { template, ...spec } = props.spec as { template: { spec: { containers: Props[] } } };
    const containers = template.spec.containers.map((container) => ({
      ...container,
      env: [...(container.env as Props[]), variable],
    }));
    return {
      ...props,
      spec: { ...spec, template: { ...template, spec: { ...template.spec, containers } } },
    };
  });
const elsewhere = (stack: Stack, kind: string): PolicyResource[] =>
  stack.map((one) =>
    one.type.endsWith(`:${kind}`) && one.provider
      ? { ...one, provider: { ...one.provider, urn: "urn:other" } }
      : one,
  );
const inCertificate = (more: Props) => (props: Props) => ({ ...props, ...more });
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

const decoded = (text: unknown) => Buffer.from(String(text), "base64").toString();
const encoded = (text: string) => Buffer.from(text).toString("base64");

/** Another text in a file of a machine. */
const inFile = (machine: string, key: string, change: (text: string) => string) => (stack: Stack) =>
  changed(
    stack,
    hostFilesSecretName(machine),
    inData((data) => {
      const before = decoded(data[key]);
      const after = change(before);
      assert.notEqual(after, before, key);
      return { [key]: encoded(after) };
    }),
  );
type Listed = { path: string; key: string; mode?: string };
const inList = (machine: string, change: (file: Listed) => Listed) =>
  inFile(machine, fileListKey, (text) =>
    JSON.stringify((readFileList(text) ?? []).map((file) => change(file))),
  );
const inMetadata = (which: string, more: Props) => (stack: Stack) =>
  changed(stack, which, (props) => ({
    ...props,
    metadata: { ...(props.metadata as Props), ...more },
  }));
const manifest = (program: string) => fileKey(`${paths.manifests}/${program}.yaml`);
const unit = fileKey(paths.kubeletUnit);
const differs = (what: string, of: string) =>
  new RegExp(`why ${what} of \\S* ?\\S*${of} differs from what its component registered`);

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

/** Nothing of these is judged; that something has changed them is told all the same. */
const quietAttacks: typeof attacks = {
  "a machine's Secret in another namespace": [
    inMetadata("host-files-w-0", { namespace: "default" }),
    differs("the metadata", "default/host-files-w-0"),
  ],
  "a machine's Secret of another name": [
    inMetadata("host-files-w-0", { name: "other" }),
    differs("the metadata", "kube-system/other"),
  ],
  "a machine's Secret whose annotations are not known": [
    inMetadata("host-files-w-0", { annotations: unknownValue }),
    differs("the metadata", "host-files-w-0"),
  ],
  "another image of kube-apiserver": [
    inFile("cp-0", manifest("kube-apiserver"), (text) =>
      text.replace(/image: \S+/, "image: own:1"),
    ),
    differs("\\S+/kube-apiserver.yaml", "host-files-cp-0"),
  ],
  "another folder of the host in kube-apiserver": [
    inFile("cp-0", manifest("kube-apiserver"), (text) =>
      text.replace("path: /etc/kubernetes/pki\n", "path: /srv/pki\n"),
    ),
    differs("\\S+/kube-apiserver.yaml", "host-files-cp-0"),
  ],
  "a flag of etcd": [
    inFile("cp-0", manifest("etcd"), (text) =>
      text.replace("--client-cert-auth=true", "--client-cert-auth=false"),
    ),
    differs("\\S+/etcd.yaml", "host-files-cp-0"),
  ],
  "the key that kube-controller-manager signs with": [
    inFile("cp-0", manifest("kube-controller-manager"), (text) =>
      text.replace(/(signing-key-file)=\S+/, "$1=/etc/kubernetes/pki/front-proxy-ca.key"),
    ),
    differs("the command line of kube-controller-manager", "host-files-cp-0"),
  ],
  "a command that goes before the kubelet": [
    inFile("w-0", unit, (text) => text.replace("ExecStart=", "ExecStartPre=/opt/own\nExecStart=")),
    differs("\\S+/kubelet.service", "host-files-w-0"),
  ],
  "a flag of a kubelet": [
    inFile("w-0", unit, (text) => text.replace("--config=", "--v=9 --config=")),
    differs("the command line of kubelet", "host-files-w-0"),
  ],
  "a root of the kubelet's own": [
    inFile("w-0", unit, (text) => text.replace("ExecStart=", "RootDirectory=/srv\nExecStart=")),
    differs("\\S+/kubelet.service", "host-files-w-0"),
  ],
  "kube-apiserver's own authentication": [
    inFile("cp-0", fileKey(`${paths.apiServerConfig}/authentication.yaml`), () => "{}"),
    differs("\\S+/authentication.yaml", "host-files-cp-0"),
  ],
  "a kubeconfig that is written where only its component knows it": [
    inFile("w-0", fileKey(paths.kubeletConf), () => "apiVersion: v1\nkind: Config\n"),
    differs(paths.kubeletConf, "host-files-w-0"),
  ],
  "a file under another path": [
    inList("w-0", (file) => (file.path === paths.ca ? { ...file, path: "/srv/ca.crt" } : file)),
    differs("the list of files", "host-files-w-0"),
  ],
  "the content of another file": [
    inList("cp-0", (file) =>
      file.path === paths.ca ? { ...file, key: "etc_kubernetes_pki_front-proxy-ca.crt" } : file,
    ),
    /without the content of \/etc\/kubernetes\/pki\/ca\.crt, which is not known before/,
  ],
  "a mode that lets everybody read": [
    inList("cp-0", (file) => ({ ...file, mode: "0666" })),
    differs("the list of files", "host-files-cp-0"),
  ],
  "another provider": [
    (stack) =>
      stack.map((one) =>
        one.name === "c/workers/w-0" && one.provider
          ? { ...one, provider: { ...one.provider, urn: "urn:other" } }
          : one,
      ),
    differs("the provider", "host-files-w-0"),
  ],
  "a provider that renders no more": [
    (stack) =>
      stack.map((one) =>
        one.name === "c/machines" ? { ...one, props: { kubeconfig: "{}" } } : one,
      ),
    differs("the provider", "host-files-w-0"),
  ],
  "a provider that renders to another folder": [
    (stack) =>
      stack.map((one) =>
        one.name === "c/machines" ? { ...one, props: { renderYamlToDirectory: "/srv/www" } } : one,
      ),
    differs("the provider", "host-files-w-0"),
  ],
  "another name of a CA": [
    (stack) => changed(stack, "SelfSignedCert", inCertificate({ subject: { commonName: "x" } })),
    /why c\/ca of CertificateAuthority c\/ca differs from what its component registered/,
  ],
  "keys that are easier to break": [
    (stack) => changed(stack, "PrivateKey", inCertificate({ ecdsaCurve: "P224" })),
    /why c\/cp-0\/apiserver of ControlPlaneCertificates c differs/,
  ],
  "a client certificate of an administrator": [
    (stack) =>
      changed(stack, "CertRequest", (props) =>
        inCertificate({ subject: { ...(props.subject as Props), organizationalUnit: "x" } })(props),
      ),
    /why c\/workers\/w-0\/kubelet-client of NodeCertificates c\/workers differs/,
  ],
  "another name of kube-apiserver": [
    (stack) =>
      changed(stack, "CertRequest", (props) =>
        props.dnsNames === undefined
          ? props
          : inCertificate({ dnsNames: [...(props.dnsNames as string[]), "x"] })(props),
      ),
    /why c\/cp-0\/apiserver of ControlPlaneCertificates c differs/,
  ],
  "names that are not known": [
    (stack) => changed(stack, "SelfSignedCert", inCertificate({ dnsNames: unknownValue })),
    /why c\/ca of CertificateAuthority c\/ca differs/,
  ],
  "kubeadm's ConfigMap in another namespace": [
    inMetadata("kubeadm-config", { namespace: "default" }),
    /why ConfigMap default\/kubeadm-config differs from what ApiServerKubeletAccess/,
  ],
  "a KubeletConfiguration in kubeadm's ConfigMap, as bytes of an encoding of its own": [
    (stack) =>
      changed(stack, "kubeadm-config", (props) => ({
        ...props,
        binaryData: { more: Buffer.from(open, "utf16le").toString("base64") },
      })),
    anyone,
  ],
  "a ConfigMap of whose texts none is left": [
    (stack) => changed(stack, "kubelet-config-workers", (props) => ({ ...props, data: {} })),
    /why ConfigMap \S+kubelet-config-workers differs from what KubeletConfigMap/,
  ],
  "texts beside a machine's files that are not known, and would take their places": [
    (stack) =>
      changed(stack, hostFilesSecretName("w-0"), (props) => ({
        ...props,
        stringData: unknownValue,
      })),
    /all files of Secret kube-system\/host-files-w-0, of which a part is not known yet/,
  ],
  "an approver that goes to another cluster": [
    (stack) => elsewhere(stack, "Deployment"),
    /why Deployment \S+ goes to another provider than the other objects of its cluster/,
  ],
  ...Object.fromEntries(
    [
      ["PROVIDER_REGEX", ".*"],
      ["PROVIDER_IP_PREFIXES", "0.0.0.0/0,::/0"],
      ["BYPASS_DNS_RESOLUTION", "true"],
      ["BYPASS_HOSTNAME_CHECK", "true"],
    ].map(([name, value]) => [
      `an approver that approves more: ${name}`,
      [
        (stack: Stack) => inApprover(stack, { name, value }),
        /why the rules of Deployment \S+ differ from what KubeletServingApprover c\/approver registered/,
      ] as const,
    ]),
  ),
  "rights that go to another cluster": [
    (stack) => elsewhere(stack, "ClusterRole"),
    /why ClusterRole \S+ goes to another provider than the other objects of its cluster/,
  ],
  "kubelets' ConfigMap of another name": [
    inMetadata("kubelet-config-workers", { name: "other" }),
    /why ConfigMap kube-system\/other differs from what KubeletConfigMap/,
  ],
  "another endpoint in kubeadm's ConfigMap": [
    (stack) =>
      changed(
        stack,
        "kubeadm-config",
        inData(({ ClusterConfiguration: text }) => ({
          ClusterConfiguration: `${text}clusterName: other\n`,
        })),
      ),
    /why ConfigMap \S+kubeadm-config differs from what ApiServerKubeletAccess/,
  ],
};

describe("a cluster of our components that something has tampered with", function () {
  this.timeout(60_000);
  let made: Stack;
  before(async () => {
    made = await ownCluster();
  });

  it("is well as it is made", () => assert.equal(mandatory(made), ""));

  for (const [name, [attack, says]] of Object.entries({ ...attacks, ...quietAttacks })) {
    it(`is told: ${name}`, () => assert.match(mandatory(attack(made)), says));
  }

  it("is told once a cause", () => {
    const once = (stack: Stack) =>
      assert.equal(mandatory(stack).match(/^\S.*: what may decide/gm)?.length, 1);
    const [attack] = quietAttacks["a flag of a kubelet"] ?? [];
    once(attack?.(made) ?? []);
    const machine = hostFilesSecretName("w-0");
    for (const path of [paths.kubeletUnit, paths.kubeletConfiguration]) {
      const { [fileKey(path)]: _lost, ...left } = (made.find(
        ({ props }) => props.metadata?.name === machine,
      )?.props.data ?? {}) as Props;
      once(changed(made, machine, (props) => ({ ...props, data: left })));
      once(
        changed(
          made,
          machine,
          inData(({ [fileListKey]: list }) => ({
            [fileListKey]: encoded(
              JSON.stringify(readFileList(decoded(list))?.filter((file) => file.path !== path)),
            ),
          })),
        ),
      );
    }
  });

  it("is not told of what else is written on an object", () => {
    const more = { labels: { team: "a" }, annotations: { note: "b" } };
    const stack = made.map((one) => {
      const { labels, annotations, ...rest } = (one.props.metadata ?? {}) as Record<string, object>;
      const metadata = {
        ...rest,
        labels: { ...labels, ...more.labels },
        annotations: { ...annotations, ...more.annotations },
      };
      return one.type.startsWith("kubernetes:")
        ? { ...one, props: { ...one.props, metadata } }
        : one;
    });
    assert.equal(mandatory(stack), "");
  });
});
