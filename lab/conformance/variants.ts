/**
 * The kubelets of the serving matrix: every way in which a kubelet comes by a serving certificate, and the ways in
 * which it goes wrong.
 */

import { type Issued, type IssueRequest, issue } from "./pki.ts";
import type { Authorities } from "./world.ts";

/** What becomes of the kubelet's request for a serving certificate. */
export type RequestFate = "issued" | "pending" | "denied";

export type KubeletVariant = {
  /** Node name unless a flag says otherwise; unique. */
  readonly name: string;
  /** What was set up, for people. */
  readonly says: string;
  /** The machine's host name. Default: the name. */
  readonly hostName?: string;
  /** Whether kube-apiservers can resolve the node's name. Default true. */
  readonly resolvable?: boolean;
  /** Flags after `--config` and `--kubeconfig`. */
  readonly flags?: readonly string[];
  /** Fields beyond the base configuration. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Files by path. */
  readonly files?: (issuing: Issuing) => Promise<Readonly<Record<string, string>>>;
  readonly request?: RequestFate;
  /** True where the bundles of collected certificates hold this kubelet's. */
  readonly collected?: boolean;
};

/** What files are made from. */
export type Issuing = {
  readonly authorities: Authorities;
  readonly name: string;
  readonly address: string;
};

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
async function goodPair(issuing: Issuing) {
  const { certPem, keyPem } = await leaf(issuing);
  return { [certFile]: certPem, [keyFile]: keyPem };
}

const bootstrap = { serverTLSBootstrap: true };

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
    configuration: { tlsCertFile: certFile },
    files: goodPair,
  },
  {
    name: "only-key",
    says: "tlsPrivateKeyFile without tlsCertFile",
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
