/**
 * What lies where kubeadm puts it: a file of kubeadm's name is taken for what kubeadm makes, unless somebody knows
 * better.
 * Source: kubernetes `cmd/kubeadm/app/constants/constants.go`, `cmd/kubeadm/app/phases/certs/certlist.go`,
 * `cmd/kubeadm/app/phases/bootstraptoken/node/tlsbootstrap.go`.
 */
import { type Fact, known, unknown } from "../words/fact.ts";
import type { CertificateFacts, FileContent, HostFiles, RbacFacts } from "../words/facts.ts";

/** kubeadm's `certificatesDir`. */
export const kubeadmPkiDirectory = "/etc/kubernetes/pki";

export type KubeadmPki = {
  /** Tells one cluster's files from another's. */
  readonly cluster: string;
  /** Kubernetes version, with or without the `v`. */
  readonly version: string;
  /** Default {@link kubeadmPkiDirectory}. */
  readonly directory?: string;
  /** The cluster's `ca.crt`, where somebody knows it. */
  readonly ca?: FileContent;
};

/** The files that kubeadm makes, by path; any other path is unknown. */
export function kubeadmFiles(pki: KubeadmPki): HostFiles {
  const directory = pki.directory ?? kubeadmPkiDirectory;
  const files = new Map<string, FileContent>();
  const ca = pki.ca ?? {
    kind: "certificates",
    certificates: [authority(pki, `${directory}/ca.crt`)],
  };
  files.set(`${directory}/ca.crt`, ca);
  if (ca.kind === "certificates" && ca.certificates[0]) {
    const path = `${directory}/apiserver-kubelet-client.crt`;
    const client = clientCertificate(pki, path, ca.certificates[0]);
    files.set(path, { kind: "certificates", certificates: [client] });
  }
  files.set(`${directory}/apiserver-kubelet-client.key`, { kind: "privateKey", key: { ids: [] } });
  return (path): Fact<FileContent> => {
    const content = files.get(path);
    return content
      ? known(content, { where: path })
      : unknown(`the content of ${path}`, { where: path });
  };
}

const year = 365 * 24 * 3_600_000;

function authority({ cluster }: KubeadmPki, path: string): CertificateFacts {
  const id = `path:${cluster}:${path}`;
  return {
    ids: [id],
    label: path,
    subject: known({ commonName: "kubernetes", organizations: [] }),
    dnsNames: known(["kubernetes"]),
    ipAddresses: known([]),
    extendedKeyUsages: known(undefined),
    isCA: known(true),
    ...validity(10 * year),
    key: known({ ids: [`${id}:key`] }),
    signedBy: known({ certificateIds: [id], keyIds: [`${id}:key`] }),
    source: { where: path },
  };
}

function clientCertificate(
  { cluster, version }: KubeadmPki,
  path: string,
  ca: CertificateFacts,
): CertificateFacts {
  const id = `path:${cluster}:${path}`;
  const organization = kubeletClientGroup(version);
  return {
    ids: [id],
    label: path,
    subject: known({
      commonName: kubeletClientUser,
      organizations: organization === undefined ? [] : [organization],
    }),
    dnsNames: known([]),
    ipAddresses: known([]),
    extendedKeyUsages: known(["clientAuth"]),
    isCA: known(false),
    ...validity(year),
    key: known({ ids: [`${id}:key`] }),
    signedBy: known({
      certificateIds: ca.ids,
      ...(ca.key.known && ca.key.value.ids.length > 0 && { keyIds: ca.key.value.ids }),
    }),
    source: { where: path },
  };
}

/** Made some time ago, as kubeadm does it, and renewed in time. */
function validity(lifetime: number) {
  const now = Date.now();
  return {
    notBefore: known(new Date(now - 3_600_000)),
    notAfter: known(new Date(now + lifetime)),
  };
}

/** The CN of the certificate that kubeadm's kube-apiserver shows to kubelets. */
export const kubeletClientUser = "kube-apiserver-kubelet-client";

/**
 * Its group: `system:masters` up to 1.28, `kubeadm:cluster-admins` after that, and none from 1.33.12, 1.34.8, 1.35.5
 * and 1.36.1 on, where a binding by user name stands in.
 */
export function kubeletClientGroup(version: string): string | undefined {
  const [, minor = 0, patch = 0] = version.replace(/^v/, "").split(".").map(Number);
  const firstWithout: Readonly<Record<number, number>> = { 33: 12, 34: 8, 35: 5, 36: 1 };
  if (minor <= 28) return "system:masters";
  if (minor < 33) return "kubeadm:cluster-admins";
  return patch < (firstWithout[minor] ?? 0) ? "kubeadm:cluster-admins" : undefined;
}

/** The RBAC objects that `kubeadm init` makes for kube-apiserver's calls to kubelets. */
export const kubeadmRbac: RbacFacts = {
  roles: [],
  bindings: [
    {
      name: "kubeadm:cluster-admins",
      role: "cluster-admin",
      subjects: [{ kind: "Group", name: "kubeadm:cluster-admins" }],
    },
    {
      name: "kubeadm:apiserver-kubelet-client",
      role: "system:kubelet-api-admin",
      subjects: [{ kind: "User", name: kubeletClientUser }],
    },
  ],
};
