import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { issuerOutputs, tokens } from "../trust/contract.ts";
import type { KeyAlgorithm } from "../trust/words/vocabulary.ts";
import {
  type Adoption,
  adoptionProblems,
  authorityEnd,
  authorityParts,
  authorityProblems,
  type ExistingAuthority,
} from "./pki/existing-authority.ts";
import {
  type CertificateDigests,
  certificateDigests,
  createKey,
  type IssuingAuthority,
  keyInputs,
} from "./pki/issuance.ts";
import { clusterDefaults } from "./plan/defaults.ts";
import { failOn } from "./plan/failure.ts";

/** kubeadm's three CAs: of the cluster, of etcd, and of the front proxy. */
export type AuthorityProfile = "ca" | "etcd-ca" | "front-proxy-ca";

export type CertificateAuthorityArgs = {
  /** Which CA of kubeadm's this is; decides its common name. Default `ca`. */
  profile?: AuthorityProfile;
  /** Algorithm of a new key. Default `ECDSA-P256`. */
  keyAlgorithm?: KeyAlgorithm;
  /** Lifetime of a new certificate, in hours. Default 87600: ten years, as kubeadm has it. */
  validityHours?: number;
  /** A CA that exists already, in place of a new one. Default: a new one is made. */
  existing?: ExistingAuthority;
  /** What the user calls the existing one, for messages about it. Default: `existing`. */
  field?: string;
  /** What the existing one is adopted for, which it is checked against too. Default: nothing that is known. */
  adoption?: Adoption;
};

/**
 * A key and a self-signed CA certificate as kubeadm makes them, or an existing CA handed in and checked: a root, or an
 * intermediate with its chain.
 *
 * A new CA is never renewed early: replacing it replaces every certificate that it signed.
 * Source: kubernetes `cmd/kubeadm/app/phases/certs/certlist.go`, `cmd/kubeadm/app/util/pkiutil/pki_helpers.go`.
 *
 * @throws pulumi.RunError when the existing CA is no CA, may not sign, is expired, or its key does not match;
 *   before anything is registered if the PEMs are plain texts, else as soon as they are known.
 *
 * @example
 * const ca = new CertificateAuthority("ca", {
 *   existing: { certPem: readFileSync("ca.crt", "utf8"), privateKeyPem: config.requireSecret("caKey") },
 * });
 */
export class CertificateAuthority extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.certificateAuthority;

  /** PEM of the CA certificate. */
  readonly certPem: pulumi.Output<string>;
  /**
   * What follows a leaf that it signed, PEM: the certificate and its chain, without the root. Empty for a root,
   * `undefined` for a new CA, which is one.
   */
  readonly chainPem: pulumi.Output<string> | undefined;
  /** What follows `certPem` in a text to adopt it by, PEM: the rest of its chain up to the root. Empty for a root. */
  readonly restOfChainPem: pulumi.Output<string>;
  /** What those trust who verify what it signed, PEM: the root, and the CAs below it. */
  readonly trustPem: pulumi.Output<string>;
  /** PEM of the private key, secret. `undefined` when an existing CA came without one. */
  readonly privateKeyPem: pulumi.Output<string> | undefined;
  /** End of validity, RFC 3339. */
  readonly validityEndTime: pulumi.Output<string>;
  /** What it is known by at preview: the URN of the resource that makes it, or the PEM of an existing one. */
  readonly identity: pulumi.Output<string>;

  constructor(
    name: string,
    args: CertificateAuthorityArgs = {},
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const problems = problemsFor(args.adoption, args.field ?? "existing");
    const existing = args.existing && checkNow(args.existing, problems);
    super(CertificateAuthority.__pulumiType, name, {}, opts);
    const authority = existing ? adopt(existing, problems) : create(name, args, { parent: this });
    this.certPem = authority.certPem;
    this.chainPem = authority.chainPem;
    this.restOfChainPem = authority.restOfChainPem ?? pulumi.output("");
    this.trustPem = authority.trustPem ?? authority.certPem;
    this.privateKeyPem = authority.privateKeyPem;
    this.validityEndTime = authority.validityEndTime;
    this.identity = authority.identity;
    this.registerOutputs({
      certPem: this.certPem,
      privateKeyPem: this.privateKeyPem,
      validityEndTime: this.validityEndTime,
      [issuerOutputs.digests]: authority.digests as pulumi.Inputs,
    });
  }

  /**
   * What certificates are issued by.
   *
   * @throws Error when the CA came without its key.
   */
  get issuing(): IssuingAuthority {
    if (this.privateKeyPem === undefined) throw new Error("this CA has no key to sign with");
    return {
      certPem: this.certPem,
      privateKeyPem: this.privateKeyPem,
      trustPem: this.trustPem,
      ...(this.chainPem === undefined ? {} : { chainPem: this.chainPem }),
    };
  }
}

const commonNames: Record<AuthorityProfile, string> = {
  ca: "kubernetes",
  "etcd-ca": "etcd-ca",
  "front-proxy-ca": "front-proxy-ca",
};

type Authority = {
  certPem: pulumi.Output<string>;
  chainPem?: pulumi.Output<string>;
  trustPem?: pulumi.Output<string>;
  restOfChainPem?: pulumi.Output<string>;
  privateKeyPem: pulumi.Output<string> | undefined;
  validityEndTime: pulumi.Output<string>;
  identity: pulumi.Output<string>;
  digests: CertificateDigests;
};

function create(
  name: string,
  args: CertificateAuthorityArgs,
  opts: pulumi.CustomResourceOptions,
): Authority {
  const commonName = commonNames[args.profile ?? "ca"];
  const algorithm = args.keyAlgorithm ?? clusterDefaults.keyAlgorithm;
  const { privateKeyPem } = createKey(name, algorithm, opts);
  const given = {
    subject: { commonName },
    // kubeadm repeats a CA's common name as its only SAN.
    dnsNames: [commonName],
    isCaCertificate: true,
    allowedUses: ["digital_signature", "key_encipherment", "cert_signing"],
    validityPeriodHours: args.validityHours ?? clusterDefaults.caValidityHours,
  };
  const certificate = new tls.SelfSignedCert(name, { privateKeyPem, ...given }, opts);
  return {
    certPem: certificate.certPem,
    privateKeyPem,
    validityEndTime: certificate.validityEndTime,
    identity: certificate.urn,
    digests: certificateDigests(name, { ...keyInputs(algorithm), ...given }),
  };
}

type Problems = (certPem: string, privateKeyPem: string | undefined) => readonly string[];

function problemsFor(adoption: Adoption | undefined, field: string): Problems {
  const fields = { certificate: `${field}.certPem`, key: `${field}.privateKeyPem` };
  return (certPem, key) =>
    adoption === undefined
      ? authorityProblems(certPem, key, fields, new Date())
      : adoptionProblems(certPem, key, adoption, new Date());
}

/** Plain texts are checked before the component is registered; outputs are checked when they are known. */
function checkNow(existing: ExistingAuthority, problems: Problems): ExistingAuthority {
  const { certPem, privateKeyPem } = existing;
  if (typeof certPem === "string") {
    const key = typeof privateKeyPem === "string" ? privateKeyPem : undefined;
    failOn(problems(certPem, key));
  }
  return existing;
}

function adopt({ certPem, privateKeyPem }: ExistingAuthority, problems: Problems): Authority {
  const key = privateKeyPem === undefined ? undefined : pulumi.secret(privateKeyPem);
  const checked = pulumi.all([certPem, key]).apply(([certificate, secretKey]) => {
    failOn(problems(certificate, secretKey));
    const end = authorityEnd(certificate)?.toISOString() ?? "";
    return { ...authorityParts(certificate), secretKey, end };
  });
  return {
    certPem: publicPart(checked.certPem),
    chainPem: publicPart(checked.chainPem),
    trustPem: publicPart(checked.trustPem),
    restOfChainPem: publicPart(checked.restOfChainPem),
    privateKeyPem: key && checked.apply(({ secretKey }) => secretKey ?? ""),
    validityEndTime: publicPart(checked.end),
    identity: publicPart(checked.certPem),
    digests: {},
  };
}

/** A certificate is no secret, though it was checked together with its key. */
function publicPart(value: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.unsecret(value);
}
