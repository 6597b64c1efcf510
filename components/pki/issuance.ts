import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { type CertificateInputs, digestOf, namesIn, statedIn } from "../../trust/contract.ts";
import type { KeyAlgorithm } from "../../trust/words/vocabulary.ts";
import type { ClusterSettings } from "../model/cluster-settings.ts";
import { derive } from "../model/inputs.ts";

/** A CA as those see it who issue by it, and those who verify. */
export type IssuingAuthority = {
  /** The certificate that issues. */
  certPem: pulumi.Input<string>;
  /** Secret. */
  privateKeyPem: pulumi.Input<string>;
  /** What follows a leaf in its file. Default: nothing; the CA is a root. */
  chainPem?: pulumi.Input<string>;
  /** What those trust who verify. Default: `certPem`. */
  trustPem?: pulumi.Input<string>;
  /**
   * What is known of a rotation before any PEM is: the CAs in `trustPem`, and the one that issues first, each as the URN
   * of the resource that makes it or as PEM. Default: no rotation.
   */
  identities?: readonly pulumi.Input<string>[];
};

/** Who signs, with what kind of key, and for how long. */
export type Issuance = {
  /** The issuing CA. */
  ca: IssuingAuthority;
  /** The CA of machines that have the files of another phase of a rotation, by name. Default: none. */
  behind?: Readonly<Record<string, IssuingAuthority>>;
  /** Algorithm of the new keys. */
  keyAlgorithm: KeyAlgorithm;
  /** Lifetime of the certificates, in hours. */
  validityHours: number;
  /** Hours before its end from which an update replaces a certificate. */
  earlyRenewalHours: number;
};

/** How the cluster's leaf certificates are issued by a CA. */
export function issuanceOf(
  settings: ClusterSettings,
  ca: IssuingAuthority,
  behind?: Issuance["behind"],
): Issuance {
  const { keyAlgorithm, validityHours, earlyRenewalHours } = settings;
  const others = behind === undefined ? {} : { behind };
  return { ca, ...others, keyAlgorithm, validityHours, earlyRenewalHours };
}

/** How the certificates of one machine are issued. */
export function issuanceFor(machine: string, issuance: Issuance): Issuance {
  return { ...issuance, ca: issuance.behind?.[machine] ?? issuance.ca };
}

/** What a leaf certificate says. */
export type CertificateSpec = {
  commonName: string;
  /** The group, to Kubernetes. Default: none. */
  organization?: string | undefined;
  /** Default: none. */
  dnsNames?: pulumi.Input<string[]>;
  /** Default: none. */
  ipAddresses?: pulumi.Input<string[]>;
  /** Extended key usages. */
  usages: ("server_auth" | "client_auth")[];
};

/** A certificate with its key. */
export type IssuedCertificate = {
  /** The certificate, and its chain where the CA is no root. */
  certPem: pulumi.Output<string>;
  /** Secret. */
  privateKeyPem: pulumi.Output<string>;
  /** End of validity, RFC 3339. */
  validityEndTime: pulumi.Output<string>;
  /** By the name of its resources: what they were made with. */
  digests: CertificateDigests;
};

/** See `issuerOutputs`. */
export type CertificateDigests = Readonly<Record<string, readonly pulumi.Input<string>[]>>;

/** What a component registers of what it issued. */
export function digestsOfAll(issued: readonly Pick<IssuedCertificate, "digests">[]) {
  return Object.assign({}, ...issued.map(({ digests }) => digests)) as pulumi.Inputs;
}

/** What a key, a request and a certificate of one name are made with. */
export function certificateDigests(name: string, inputs: CertificateInputs): CertificateDigests {
  const names = derive({ dnsNames: inputs.dnsNames, ipAddresses: inputs.ipAddresses }, namesIn);
  return { [name]: [digestOf(statedIn(inputs)), derive(names, digestOf)] };
}

/**
 * A key, a certificate request and the certificate, all named `name`. Key usages are kubeadm's: digital
 * signature and key encipherment, for ECDSA keys too.
 * Source: kubernetes `cmd/kubeadm/app/util/pkiutil/pki_helpers.go` (NewSignedCert).
 */
export function issueCertificate(
  name: string,
  spec: CertificateSpec,
  issuance: Issuance,
  opts: pulumi.CustomResourceOptions,
): IssuedCertificate {
  const { commonName, organization, dnsNames = [], ipAddresses = [] } = spec;
  const key = createKey(name, issuance.keyAlgorithm, opts);
  // They are in the state alone: where their key goes too, the plugin need not be asked to delete them one by one.
  const withKey = { ...opts, deletedWith: key };
  const asked = {
    subject: organization === undefined ? { commonName } : { commonName, organization },
    ...ifAny("dnsNames", dnsNames),
    ...ifAny("ipAddresses", ipAddresses),
  };
  const { certRequestPem } = new tls.CertRequest(
    name,
    { privateKeyPem: key.privateKeyPem, ...asked },
    withKey,
  );
  const given = {
    allowedUses: ["digital_signature", "key_encipherment", ...spec.usages],
    validityPeriodHours: issuance.validityHours,
    earlyRenewalHours: issuance.earlyRenewalHours,
  };
  const { chainPem, certPem: caCertPem, privateKeyPem: caPrivateKeyPem } = issuance.ca;
  const certificate = new tls.LocallySignedCert(
    name,
    { certRequestPem, caCertPem, caPrivateKeyPem, ...given },
    withKey,
  );
  return {
    certPem:
      chainPem === undefined
        ? certificate.certPem
        : pulumi.interpolate`${certificate.certPem}${chainPem}`,
    privateKeyPem: key.privateKeyPem,
    validityEndTime: certificate.validityEndTime,
    digests: certificateDigests(name, { ...keyInputs(issuance.keyAlgorithm), ...asked, ...given }),
  };
}

/** A list of names, where there are any. */
function ifAny(property: "dnsNames" | "ipAddresses", names: pulumi.Input<string[]>) {
  const some = derive(names, (known) => (known.length === 0 ? undefined : known));
  return some === undefined ? {} : { [property]: some };
}

/** What those trust who verify what a CA issued. */
export function trustOf({ certPem, trustPem }: IssuingAuthority): pulumi.Input<string> {
  return trustPem ?? certPem;
}

/** A private key of one of kubeadm's algorithms. */
export function createKey(
  name: string,
  algorithm: KeyAlgorithm,
  opts: pulumi.CustomResourceOptions,
): tls.PrivateKey {
  return new tls.PrivateKey(name, keyInputs(algorithm), opts);
}

/** What a key of an algorithm is made with. The curve is always named: the provider's default is P224. */
export function keyInputs(algorithm: KeyAlgorithm) {
  const [family, size = ""] = algorithm.split("-");
  return family === "RSA"
    ? { algorithm: "RSA", rsaBits: Number(size) }
    : { algorithm: "ECDSA", ecdsaCurve: size };
}
