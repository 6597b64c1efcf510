/**
 * The kubelets of the serving matrix: every way in which a kubelet comes by a serving certificate, and the ways in
 * which it goes wrong.
 */

import type { KubeadmDocuments } from "./kubeadm.ts";
import { type Issued, type IssueRequest, issue } from "./pki.ts";
import type { Authorities } from "./world.ts";

/**
 * What becomes of the kubelet's request for a serving certificate: `neverIssued` is approved where nobody signs, `unasked`
 * would be approved and signed if the kubelet asked.
 */
export type RequestFate = "issued" | "pending" | "denied" | "neverIssued" | "unasked";

export type KubeletVariant = {
  /** Node name unless a flag says otherwise; unique. */
  readonly name: string;
  /** What was set up, for people. */
  readonly says: string;
  /** The machine's host name. Default: the name. */
  readonly hostName?: string;
  /** Whether kube-apiservers can resolve the node's name. Default true. */
  readonly resolvable?: boolean;
  /** Who it is to kube-apiserver, as a certificate's subject. Default: its node. */
  readonly subject?: string;
  /** Flags after `--config` and `--kubeconfig`. */
  readonly flags?: readonly string[] | ((address: string) => readonly string[]);
  /** Fields beyond the base configuration. */
  readonly configuration?:
    | Readonly<Record<string, unknown>>
    | ((address: string) => Readonly<Record<string, unknown>>);
  /** The node's IP addresses in the order in which its status has them. Default: the address that it is given. */
  readonly addresses?: (address: string) => readonly string[];
  /** Documents after kubeadm's own, on which the real kubeadm makes the kubelet's files and flags; see kubeadm.ts. */
  readonly kubeadm?: KubeadmDocuments;
  /** Port to listen on. Default 10250. */
  readonly port?: number;
  /** False where it listens at no address that others reach. */
  readonly isReachable?: boolean;
  /** Files by path. */
  readonly files?: (issuing: Issuing) => Promise<Readonly<Record<string, string>>>;
  readonly request?: RequestFate;
  /** The first minor version whose kubelets start on it. Default: all do. */
  readonly sinceMinor?: number;
  /** True where the bundles of collected certificates hold this kubelet's. */
  readonly collected?: boolean;
};

/** What files are made from. */
export type Issuing = {
  readonly authorities: Authorities;
  readonly name: string;
  readonly address: string;
};

/** What depends on the address that a kubelet is given. */
export function at<T>(address: string, value: T | ((address: string) => T)): T {
  return typeof value === "function" ? (value as (address: string) => T)(address) : value;
}

/** The IPv6 address that goes with an IPv4 address of the matrix. */
function sixOf(address: string): string {
  return `fd00:250::${address.split(".").slice(-2).join(":")}`;
}

function bothFamilies(address: string): readonly string[] {
  return [address, sixOf(address)];
}

function sixFirst(address: string): readonly string[] {
  return [sixOf(address), address];
}

/** `--node-ip` for these addresses. */
function nodeIp(addresses: (address: string) => readonly string[]) {
  return (address: string) => [`--node-ip=${addresses(address).join(",")}`];
}

const certFile = "/var/lib/kubelet/pki/serving.crt";
const keyFile = "/var/lib/kubelet/pki/serving.key";

/** The pair named in the configuration. */
const pair = { tlsCertFile: certFile, tlsPrivateKeyFile: keyFile };

type Change = Partial<IssueRequest> | ((issuing: Issuing) => Partial<IssueRequest>);

/** A good serving certificate of the node, with something changed. */
function leaf(issuing: Issuing, change: Change = {}): Promise<Issued> {
  const { authorities, name, address } = issuing;
  return issue({
    subject: `CN=system:node:${name},O=system:nodes`,
    issuer: authorities.cluster,
    usages: ["serverAuth"],
    dnsNames: [name],
    ipAddresses: [address],
    ...(typeof change === "function" ? change(issuing) : change),
  });
}

/** A variant whose pair is issued beforehand. */
function provisioned(name: string, says: string, change: Change = {}): KubeletVariant {
  return {
    name,
    says: `provisioned, ${says}`,
    configuration: pair,
    files: async (issuing) => {
      const { certPem, keyPem } = await leaf(issuing, change);
      return { [certFile]: certPem, [keyFile]: keyPem };
    },
  };
}

/** A variant with a whole pair in its files and a part of it in its configuration, or the reverse. */
async function goodPair(issuing: Issuing, change: Change = {}) {
  const { certPem, keyPem } = await leaf(issuing, change);
  return { [certFile]: certPem, [keyFile]: keyPem };
}

/** A pair of the CA with name constraints, with that CA behind it. */
async function constrainedPair(issuing: Issuing) {
  const { constrained } = issuing.authorities;
  const { certPem, keyPem } = await leaf(issuing, { issuer: constrained });
  return { [certFile]: certPem + constrained.certPem, [keyFile]: keyPem };
}

/** The certificate is requested. */
export const bootstrap = { serverTLSBootstrap: true };

/** Kubelets that sign their own come first: their certificates go into the bundles. */
export const selfSignedVariants: readonly KubeletVariant[] = [
  { name: "self", says: "self-signed", collected: true },
  { name: "self-left-out", says: "self-signed, not in the bundles" },
  {
    name: "self-upper",
    hostName: "SELF-UPPER",
    says: "self-signed, host name in capitals",
    collected: true,
  },
  {
    name: "self-override",
    hostName: "real-host",
    flags: ["--hostname-override=self-override"],
    says: "self-signed, --hostname-override differs from the host name",
    collected: true,
  },
  {
    name: "self-no-dns",
    resolvable: false,
    says: "self-signed, node name not resolvable",
    collected: true,
  },
  {
    name: "self-expired",
    says: "self-signed kubelet.crt left in --cert-dir, expired",
    collected: true,
    files: async ({ name }) => {
      const { certPem, keyPem } = await issue({
        subject: `CN=${name}@1700000000`,
        dnsNames: [name],
        usages: ["serverAuth"],
        key: "RSA-2048",
        fromDay: -400,
        toDay: -35,
      });
      return {
        "/var/lib/kubelet/pki/kubelet.crt": certPem,
        "/var/lib/kubelet/pki/kubelet.key": keyPem,
      };
    },
  },
  {
    name: "self-ip",
    says: "self-signed, --hostname-override is an IP address",
    flags: (address) => [`--hostname-override=${address}`],
    collected: true,
  },
];

export const otherVariants: readonly KubeletVariant[] = [
  provisioned("good", "cluster CA, DNS and IP SANs"),
  provisioned("rsa", "cluster CA, RSA-2048", { key: "RSA-2048" }),
  provisioned("p384", "cluster CA, ECDSA-P384", { key: "ECDSA-P384" }),
  provisioned("ed25519", "cluster CA, Ed25519", { key: "Ed25519" }),
  provisioned("dns-only", "cluster CA, DNS SAN alone", { ipAddresses: [] }),
  provisioned("ip-only", "cluster CA, IP SAN alone", { dnsNames: [] }),
  provisioned("cn-only", "cluster CA, CN is the node's name and no SAN", ({ name }) => ({
    subject: `CN=${name}`,
    dnsNames: [],
    ipAddresses: [],
  })),
  provisioned("other-cn", "cluster CA, another CN", { subject: "CN=something-else" }),
  provisioned("wrong-san", "cluster CA, SANs of another node", {
    dnsNames: ["another-node"],
    ipAddresses: ["10.250.9.9"],
  }),
  provisioned("client-use", "cluster CA, clientAuth alone", { usages: ["clientAuth"] }),
  {
    name: "no-use",
    says: "provisioned, cluster CA, no EKU",
    configuration: pair,
    files: async ({ authorities, name, address }) => {
      const { certPem, keyPem } = await issue({
        subject: `CN=system:node:${name},O=system:nodes`,
        issuer: authorities.cluster,
        dnsNames: [name],
        ipAddresses: [address],
      });
      return { [certFile]: certPem, [keyFile]: keyPem };
    },
  },
  provisioned("expired", "cluster CA, expired", { fromDay: -10, toDay: -5 }),
  provisioned("not-yet", "cluster CA, not yet valid", { fromDay: 5, toDay: 10 }),
  provisioned("other-ca", "another CA", ({ authorities }) => ({ issuer: authorities.other })),
  provisioned("same-name-ca", "another CA under the cluster CA's name", ({ authorities }) => ({
    issuer: authorities.sameName,
  })),
  provisioned("chain-leaf", "intermediate's leaf without the intermediate", ({ authorities }) => ({
    issuer: authorities.intermediate,
  })),
  {
    name: "chain",
    says: "provisioned, intermediate's leaf with the intermediate",
    configuration: pair,
    files: async (issuing) => {
      const { intermediate } = issuing.authorities;
      const { certPem, keyPem } = await leaf(issuing, { issuer: intermediate });
      return { [certFile]: certPem + intermediate.certPem, [keyFile]: keyPem };
    },
  },
  {
    name: "only-cert",
    says: "tlsCertFile without tlsPrivateKeyFile",
    sinceMinor: 36,
    configuration: { tlsCertFile: certFile },
    files: goodPair,
  },
  {
    name: "only-key",
    says: "tlsPrivateKeyFile without tlsCertFile",
    sinceMinor: 36,
    configuration: { tlsPrivateKeyFile: keyFile },
    files: goodPair,
  },
  {
    name: "good-no-dns",
    says: "provisioned, cluster CA, node name not resolvable",
    resolvable: false,
    configuration: pair,
    files: goodPair,
  },
  {
    name: "names-permitted",
    says: "provisioned, a CA with name constraints that permit its name",
    configuration: pair,
    files: constrainedPair,
  },
  {
    name: "names-refused",
    says: "provisioned, a CA with name constraints that permit another name",
    configuration: pair,
    files: constrainedPair,
  },
  {
    name: "kubeadm",
    says: "kubeadm init on a KubeletConfiguration without serving settings",
    kubeadm: { configuration: { maxPods: 50 } },
  },
  {
    name: "kubeadm-pair",
    says: "kubeadm init on a KubeletConfiguration with a pair of the cluster CA",
    kubeadm: { configuration: pair },
    files: goodPair,
  },
  {
    name: "kubeadm-requested",
    says: "kubeadm init on a KubeletConfiguration with serverTLSBootstrap, request approved",
    kubeadm: { configuration: bootstrap },
    request: "issued",
  },
  {
    name: "kubeadm-flag",
    says: "kubeadm init with kubeletExtraArgs rotate-server-certificates, request approved",
    kubeadm: { configuration: {}, kubeletExtraArgs: { "rotate-server-certificates": "true" } },
    request: "issued",
  },
  {
    name: "kubeadm-join",
    says: "kubeadm join with a kubelet-config without serving settings",
    kubeadm: { by: "join", configuration: { maxPods: 50 } },
  },
  {
    name: "kubeadm-join-requested",
    says: "kubeadm join with a kubelet-config with serverTLSBootstrap, request approved",
    kubeadm: { by: "join", configuration: bootstrap },
    request: "issued",
  },
  {
    name: "kubeadm-join-flag",
    says: "kubeadm join with kubeletExtraArgs rotate-server-certificates, request approved",
    kubeadm: {
      by: "join",
      configuration: {},
      kubeletExtraArgs: { "rotate-server-certificates": "true" },
    },
    request: "issued",
  },
  {
    name: "no-tokens",
    says: "provisioned, cluster CA, authentication.webhook.enabled: false",
    configuration: { ...pair, authentication: { webhook: { enabled: false } } },
    files: goodPair,
  },
  {
    name: "listens-at-own",
    says: "provisioned, address: its own address",
    configuration: (address) => ({ ...pair, address }),
    files: goodPair,
  },
  {
    name: "listens-at-loopback",
    says: "provisioned, address: 127.0.0.1",
    configuration: { ...pair, address: "127.0.0.1" },
    files: goodPair,
    isReachable: false,
  },
  {
    name: "other-port",
    says: "provisioned, port: 10350",
    configuration: { ...pair, port: 10_350 },
    files: goodPair,
    port: 10_350,
  },
  {
    name: "cloud-external",
    says: "provisioned, --cloud-provider=external and no cloud yet: the node has a Hostname alone",
    flags: ["--cloud-provider=external"],
    addresses: () => [],
    configuration: pair,
    files: goodPair,
  },
  {
    name: "dual",
    says: "provisioned, cluster CA, IPv4 and IPv6, both in the certificate",
    flags: nodeIp(bothFamilies),
    addresses: bothFamilies,
    configuration: pair,
    files: (issuing) => goodPair(issuing, { ipAddresses: [...bothFamilies(issuing.address)] }),
  },
  {
    name: "dual-six-first",
    says: "provisioned, cluster CA, IPv6 and IPv4, both in the certificate",
    flags: nodeIp(sixFirst),
    addresses: sixFirst,
    configuration: pair,
    files: (issuing) => goodPair(issuing, { ipAddresses: [...sixFirst(issuing.address)] }),
  },
  {
    name: "dual-four-alone",
    says: "provisioned, cluster CA, IPv6 and IPv4, IPv4 alone in the certificate",
    flags: nodeIp(sixFirst),
    addresses: sixFirst,
    configuration: pair,
    files: goodPair,
  },
  {
    name: "dual-requested",
    says: "serverTLSBootstrap, IPv4 and IPv6, request approved",
    flags: nodeIp(sixFirst),
    addresses: sixFirst,
    configuration: bootstrap,
    request: "issued",
  },
  {
    name: "boot-issued",
    says: "serverTLSBootstrap, request approved",
    configuration: bootstrap,
    request: "issued",
  },
  {
    name: "boot-flag",
    says: "--rotate-server-certificates, request approved",
    flags: ["--rotate-server-certificates"],
    request: "issued",
  },
  {
    name: "boot-pending",
    says: "serverTLSBootstrap, request pending",
    configuration: bootstrap,
    request: "pending",
  },
  {
    name: "boot-denied",
    says: "serverTLSBootstrap, request denied",
    configuration: bootstrap,
    request: "denied",
  },
  {
    name: "boot-pair",
    says: "serverTLSBootstrap beside a valid pair",
    configuration: { ...bootstrap, ...pair },
    files: goodPair,
    request: "pending",
  },
];
