/**
 * A rendered folder made by hand, for tests of the lab that need no Pulumi: the files are the components' own, the
 * certificates are issued here.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import {
  encryptionConfiguration,
  hardeningFiles,
  kernelSettings,
} from "../../components/kubeadm/hardening.ts";
import { base64 } from "../../components/kubeadm/kubeconfig.ts";
import {
  CheckedConfiguration,
  kubeletConfiguration,
  renderKubeletConfiguration,
} from "../../components/kubeadm/kubelet-configuration.ts";
import { kubeletUnit } from "../../components/kubeadm/kubelet-unit.ts";
import { staticPods } from "../../components/kubeadm/static-pods.ts";
import { hardeningOf } from "../../components/model/hardening.ts";
import { type Issued, issue, issueAuthority, publicKeyPem } from "../../lab/conformance/pki.ts";
import { fileKey, paths, writeHostFiles } from "../../trust/contract.ts";
import type { ServingMode } from "../../trust/words/vocabulary.ts";
import { plain } from "../support/plain.ts";

export type FixtureMachine = {
  readonly name: string;
  readonly ip: string;
  readonly role: "control-plane" | "node";
  readonly servingMode: ServingMode;
  /** Fields over the KubeletConfiguration of the serving mode. */
  readonly kubelet?: Readonly<Record<string, unknown>>;
};

export type Fixture = {
  readonly machines: readonly FixtureMachine[];
  /** kube-apiserver's flags towards kubelets. */
  readonly kubeletAccessFlags: readonly string[];
  readonly kubernetesVersion?: string;
};

export const verifyFlags = [
  "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt",
  "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
  "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
  "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
];

/** A control plane and a node, the node in one serving mode. */
export function smallCluster(servingMode: ServingMode): Fixture {
  return {
    kubeletAccessFlags: verifyFlags,
    machines: [
      { name: "cp", ip: "10.240.0.10", role: "control-plane", servingMode: "provisioned" },
      { name: "node", ip: "10.240.0.11", role: "node", servingMode },
    ],
  };
}

/** Writes the folder as `renderYamlToDirectory` would. */
export async function writeFixture(folder: string, fixture: Fixture): Promise<void> {
  const manifests = path.join(folder, "cluster", "1-manifest");
  const secrets = path.join(folder, "machines", "1-manifest");
  for (const made of [manifests, secrets]) fs.mkdirSync(made, { recursive: true, mode: 0o700 });
  const ca = await issueAuthority("kubernetes");
  const etcdCa = await issueAuthority("etcd-ca");
  const frontProxyCa = await issueAuthority("front-proxy-ca");
  const serviceAccount = await issue({ subject: "CN=sa" });
  for (const machine of fixture.machines) {
    const files = {
      ...(await nodeFiles(machine, fixture, ca)),
      ...(machine.role === "control-plane"
        ? await controlPlaneFiles(machine, fixture, { ca, etcdCa, frontProxyCa, serviceAccount })
        : {}),
    };
    writeManifest(secrets, `v1-secret-kube-system-host-files-${machine.name}`, {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubelet-trust/host-files",
      metadata: {
        name: `host-files-${machine.name}`,
        namespace: "kube-system",
        labels: {
          "kubelet-trust/cluster": "test",
          "kubelet-trust/machine": machine.name,
          "kubelet-trust/role": machine.role,
        },
        annotations: {
          "kubelet-trust/kubernetes-version": fixture.kubernetesVersion ?? "1.37.2",
          "kubelet-trust/addresses": `InternalIP=${machine.ip},Hostname=${machine.name}`,
          "kubelet-trust/serving-mode": machine.servingMode,
        },
      },
      data: inBase64(
        writeHostFiles(
          Object.entries(files).map(([file, content]) => ({
            path: file,
            mode: file.endsWith(".crt") || file.endsWith(".pub") ? "0644" : "0600",
            content,
          })),
        ),
      ),
    });
  }
  for (const [name, object] of Object.entries(clusterObjects))
    writeManifest(manifests, name, object);
}

function inBase64(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)]));
}

/** Changes one file of a rendered machine. */
export async function replaceFile(
  folder: string,
  machine: string,
  file: string,
  change: (text: string) => string,
): Promise<void> {
  const secret = path.join(
    folder,
    "machines",
    "1-manifest",
    `v1-secret-kube-system-host-files-${machine}.yaml`,
  );
  const object = parse(fs.readFileSync(secret, "utf8")) as { data: Record<string, string> };
  const key = fileKey(file);
  const text = Buffer.from(object.data[key] ?? "", "base64").toString("utf8");
  object.data[key] = Buffer.from(change(text)).toString("base64");
  fs.writeFileSync(secret, stringify(object), { mode: 0o600 });
}

/** Renders a new serving pair for a machine, self-signed: what is served is the question, not who trusts it. */
export async function replaceServingPair(
  folder: string,
  { name, ip }: Pick<FixtureMachine, "name" | "ip">,
): Promise<void> {
  const pair = await issue({ subject: `CN=${name}`, dnsNames: [name], ipAddresses: [ip] });
  const base = "/var/lib/kubelet/pki/kubelet-serving";
  await replaceFile(folder, name, `${base}.crt`, () => pair.certPem);
  await replaceFile(folder, name, `${base}.key`, () => pair.keyPem);
}

type Authorities = Record<"ca" | "etcdCa" | "frontProxyCa" | "serviceAccount", Issued>;

const pki = "/etc/kubernetes/pki";

async function nodeFiles(machine: FixtureMachine, fixture: Fixture, ca: Issued) {
  const { name, ip, servingMode } = machine;
  const client = await issue({
    subject: `CN=system:node:${name},O=system:nodes`,
    issuer: ca,
    usages: ["clientAuth"],
  });
  const serving = await issue({
    subject: `CN=system:node:${name},O=system:nodes`,
    issuer: ca,
    usages: ["serverAuth"],
    dnsNames: [name],
    ipAddresses: [ip],
  });
  return {
    [`${pki}/ca.crt`]: ca.certPem,
    "/etc/kubernetes/kubelet.conf": kubeconfig(fixture, ca, client, `system:node:${name}`),
    "/var/lib/kubelet/config.yaml": renderKubeletConfiguration(
      kubeletConfiguration({
        servingMode,
        clusterDns: "10.96.0.10",
        dnsDomain: "cluster.local",
        configuration: new CheckedConfiguration({ ...machine.kubelet }),
      }),
    ),
    [paths.kernelSettings]: kernelSettings,
    "/etc/systemd/system/kubelet.service": plain(
      kubeletUnit({
        name,
        addresses: [
          { type: "InternalIP", address: ip },
          { type: "Hostname", address: name },
        ],
      }),
    ),
    ...(servingMode === "provisioned"
      ? {
          "/var/lib/kubelet/pki/kubelet-serving.crt": serving.certPem,
          "/var/lib/kubelet/pki/kubelet-serving.key": serving.keyPem,
        }
      : {}),
  };
}

async function controlPlaneFiles(
  machine: FixtureMachine,
  fixture: Fixture,
  authorities: Authorities,
) {
  const { ca, etcdCa, frontProxyCa, serviceAccount } = authorities;
  const { name, ip } = machine;
  const server = {
    dnsNames: [name, "localhost", "kubernetes"],
    ipAddresses: [ip, "127.0.0.1", "10.96.0.1"],
  };
  const leaf = (
    subject: string,
    issuer: Issued,
    usages: ("serverAuth" | "clientAuth")[],
    names = {},
  ) => issue({ subject, issuer, usages, ...names });
  const pairs = {
    apiserver: await leaf("CN=kube-apiserver", ca, ["serverAuth"], server),
    "apiserver-kubelet-client": await leaf("CN=kube-apiserver-kubelet-client", ca, ["clientAuth"]),
    "front-proxy-client": await leaf("CN=front-proxy-client", frontProxyCa, ["clientAuth"]),
    "apiserver-etcd-client": await leaf("CN=kube-apiserver-etcd-client", etcdCa, ["clientAuth"]),
    "etcd/server": await leaf(`CN=${name}`, etcdCa, ["serverAuth", "clientAuth"], server),
    "etcd/peer": await leaf(`CN=${name}`, etcdCa, ["serverAuth", "clientAuth"], server),
  };
  const conf = async (user: string, group?: string) =>
    kubeconfig(
      fixture,
      ca,
      await leaf(`CN=${user}${group ? `,O=${group}` : ""}`, ca, ["clientAuth"]),
      user,
    );
  const controlPlanes = fixture.machines.filter(({ role }) => role === "control-plane");
  const pods = staticPods({
    settings: {
      clusterName: "test",
      kubernetesVersion: fixture.kubernetesVersion ?? "1.37.2",
      controlPlaneEndpoint: endpoint(fixture),
      serviceSubnet: "10.96.0.0/12",
      dnsDomain: "cluster.local",
      stance: "verify",
      keyAlgorithm: "ECDSA-P256",
      validityHours: 24,
      caValidityHours: 87600,
      earlyRenewalHours: 1,
    },
    name,
    advertiseAddress: ip,
    members: controlPlanes.map((one) => ({ name: one.name, address: one.ip })),
    signingCertificate: "/etc/kubernetes/pki/ca.crt",
    kubeletAccessFlags: fixture.kubeletAccessFlags,
    annotations: {},
  });
  const key = Buffer.alloc(32, "a fixture's key").toString("base64");
  return {
    ...hardeningFiles(hardeningOf()),
    [paths.encryption]: encryptionConfiguration(key, hardeningOf()),
    [`${pki}/ca.key`]: ca.keyPem,
    [`${pki}/front-proxy-ca.crt`]: frontProxyCa.certPem,
    [`${pki}/etcd/ca.crt`]: etcdCa.certPem,
    [`${pki}/sa.key`]: serviceAccount.keyPem,
    [`${pki}/sa.pub`]: await publicKeyPem(serviceAccount),
    ...Object.fromEntries(
      Object.entries(pairs).flatMap(([base, { certPem, keyPem }]) => [
        [`${pki}/${base}.crt`, certPem],
        [`${pki}/${base}.key`, keyPem],
      ]),
    ),
    "/etc/kubernetes/admin.conf": await conf("kubernetes-admin", "system:masters"),
    "/etc/kubernetes/controller-manager.conf": await conf("system:kube-controller-manager"),
    "/etc/kubernetes/scheduler.conf": await conf("system:kube-scheduler"),
    ...Object.fromEntries(
      Object.entries(pods).map(([pod, { manifest }]) => [
        `/etc/kubernetes/manifests/${pod}.yaml`,
        plain(manifest),
      ]),
    ),
  };
}

/** What lets kube-apiserver's client certificate reach kubelets. */
const clusterObjects = {
  "rbac.authorization.k8s.io-v1-clusterrolebinding-apiserver-kubelet-client": {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "kubeadm:apiserver-kubelet-client" },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: "system:kubelet-api-admin",
    },
    subjects: [
      {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "User",
        name: "kube-apiserver-kubelet-client",
      },
    ],
  },
};

function endpoint(fixture: Fixture): string {
  const first = fixture.machines.find(({ role }) => role === "control-plane");
  return `${first?.ip}:6443`;
}

function kubeconfig(fixture: Fixture, ca: Issued, client: Issued, user: string): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "test",
        cluster: {
          server: `https://${endpoint(fixture)}`,
          "certificate-authority-data": base64(ca.certPem),
        },
      },
    ],
    contexts: [{ name: "test", context: { cluster: "test", user } }],
    "current-context": "test",
    users: [
      {
        name: user,
        user: {
          "client-certificate-data": base64(client.certPem),
          "client-key-data": base64(client.keyPem),
        },
      },
    ],
  });
}

function writeManifest(folder: string, name: string, object: object): void {
  fs.writeFileSync(path.join(folder, `${name}.yaml`), stringify(object), { mode: 0o600 });
}
