/**
 * The PKI and the RBAC objects that kubeadm makes, known before they exist: by their places.
 * Sources: kubernetes `cmd/kubeadm/app/phases/certs/certlist.go`, `.../phases/kubeconfig/kubeconfig.go`,
 * `.../phases/bootstraptoken`, `cmd/kubeadm/app/constants/constants.go`.
 */
import type { Source } from "./evidence.ts";
import { known, unknown } from "./evidence.ts";
import type { CertificateFacts, FileContent, HostFiles, RbacFacts } from "./facts.ts";
import { keptValid, signedBy } from "./kubelet/requested-certificate.ts";

export type KubeadmPkiOptions = {
  /** Kubernetes version without the `v`: it decides the organization of the kubelet client certificate. */
  readonly version: string;
  /** Default `/etc/kubernetes/pki`. */
  readonly directory?: string;
  /** Keeps the PKIs of several clusters apart. Default `cluster`. */
  readonly cluster?: string;
};

export type KubeadmPki = {
  /** kubeadm's files by path; every other path is unknown. */
  readonly files: HostFiles;
  /** The cluster's CA, `ca.crt`. */
  readonly ca: CertificateFacts;
  /** The bindings that let kube-apiserver's certificate reach kubelets. */
  readonly rbac: RbacFacts;
};

/** What lies in kubeadm's certificate directory. Valid at any time: kubeadm renews it with each upgrade. */
export function kubeadmPki(options: KubeadmPkiOptions): KubeadmPki {
  const directory = options.directory ?? "/etc/kubernetes/pki";
  const cluster = options.cluster ?? "cluster";
  const id = (name: string) => `path:${cluster}:${directory}/${name}`;
  const key = (name: string) => ({
    ids: [id(`${name}.key`)],
    algorithm: "RSA" as const,
    bits: 2048,
  });
  const source: Source = { where: `kubeadm's ${directory}` };
  const ca: CertificateFacts = {
    ids: [id("ca.crt")],
    label: `${directory}/ca.crt`,
    subject: known({ commonName: "kubernetes", organizations: [] }),
    dnsNames: known([]),
    ipAddresses: known([]),
    extendedKeyUsages: known(undefined),
    isCA: known(true),
    ...keptValid,
    key: known(key("ca")),
    signedBy: known({ certificateIds: [id("ca.crt")] }),
    source,
  };
  const client = "apiserver-kubelet-client";
  const clientCertificate: CertificateFacts = {
    ...ca,
    ids: [id(`${client}.crt`)],
    label: `${directory}/${client}.crt`,
    subject: known({
      commonName: "kube-apiserver-kubelet-client",
      organizations: clientOrganizations(options.version),
    }),
    extendedKeyUsages: known(["clientAuth"]),
    isCA: known(false),
    key: known(key(client)),
    signedBy: signedBy(ca),
  };
  const contents = new Map<string, FileContent>([
    [`${directory}/ca.crt`, { kind: "certificates", certificates: [ca] }],
    [`${directory}/${client}.crt`, { kind: "certificates", certificates: [clientCertificate] }],
    [`${directory}/${client}.key`, { kind: "privateKey", key: key(client) }],
  ]);
  return {
    ca,
    rbac: kubeadmRbac,
    files: (path) => {
      const content = contents.get(path);
      return content ? known(content, source) : unknown(`the content of ${path}`);
    },
  };
}

/**
 * Organization of `apiserver-kubelet-client`: `system:masters` until 1.28, then `kubeadm:cluster-admins`, and
 * none from 1.33.12, 1.34.8, 1.35.5 and 1.36.1 on.
 */
export function clientOrganizations(version: string): readonly string[] {
  const [, minor = 0, patch = 0] = version
    .replace(/^v/, "")
    .split(".")
    .map((part) => Number.parseInt(part, 10) || 0);
  if (minor <= 28) {
    return ["system:masters"];
  }
  const firstWithout: Readonly<Record<number, number>> = { 33: 12, 34: 8, 35: 5, 36: 1 };
  const first = minor > 36 ? 0 : (firstWithout[minor] ?? Number.POSITIVE_INFINITY);
  return patch >= first ? [] : ["kubeadm:cluster-admins"];
}

const kubeadmRbac: RbacFacts = {
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
      subjects: [{ kind: "User", name: "kube-apiserver-kubelet-client" }],
    },
  ],
};
