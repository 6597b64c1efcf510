/** `doctor --collect`: the certificates that kubelets have signed themselves, as the configuration takes them. */
import { encodePem } from "../../trust/certificates/pem.ts";
import { type Certificate, parseCertificate } from "../../trust/certificates/x509.ts";
import { paths } from "../../trust/contract.ts";
import { isSelfMade } from "../../trust/programs/kubelet/serving-certificate.ts";
import { certificateFacts } from "../../trust/readers/pem.ts";
import type { NodeAddress } from "../../trust/words/facts.ts";
import { shown, shownJson } from "../../trust/words/shown.ts";
import type { Ran } from "../main.ts";
import type { Seen } from "./nodes.ts";

/** The command that says on the machine what its certificate's fingerprint is; the first of the file is the kubelet's. */
const onTheMachine = `openssl x509 -noout -fingerprint -sha256 -in ${paths.kubeletSelfSigned}.crt`;

type Collected = {
  readonly name: string;
  readonly addresses: readonly NodeAddress[];
  /** Where it was presented. */
  readonly from: string;
  readonly certificate: Certificate;
};

/** What all nodes came to. */
type Collection = {
  readonly collected: readonly Collected[];
  /** Nodes that nothing is to be collected of, and why. */
  readonly others: readonly { readonly name: string; readonly because: string }[];
  /** Nodes that could not be seen, or whose certificate is of no use, and why. */
  readonly missing: readonly { readonly name: string; readonly because: string }[];
};

/** What the command prints for what was seen. */
export function collect(seen: readonly Seen[], isJson: boolean): Ran {
  const collection = sorted(seen);
  return {
    exitCode: collection.missing.length > 0 ? 1 : 0,
    stdout: isJson ? toJson(collection) : toYaml(collection),
    stderr: isJson ? "" : asideOf(collection),
  };
}

function sorted(seen: readonly Seen[]): Collection {
  const collected: Collected[] = [];
  const others: { name: string; because: string }[] = [];
  const missing: { name: string; because: string }[] = [];
  for (const { node, handshake } of seen) {
    const { name, addresses } = node;
    if ("unseen" in handshake) {
      missing.push({ name, because: handshake.unseen });
      continue;
    }
    if ("noCertificate" in handshake) {
      const because = `${handshake.address} has no certificate to present (tls: internal error)`;
      others.push({ name, because });
      continue;
    }
    const [der = new Uint8Array()] = handshake.chain;
    const parsed = parseCertificate(der);
    const { certificate } = parsed;
    if (!certificate) {
      missing.push({ name, because: `${handshake.address}: ${parsed.error}` });
    } else if (!isSelfMade(certificateFacts(certificate, { where: handshake.address }))) {
      const because = `it does not sign its own: ${handshake.address} presents ${titleOf(certificate)}`;
      others.push({ name, because });
    } else if (!certificate.dnsNames.includes(name) && !certificate.ipAddresses.includes(name)) {
      const because = `what ${handshake.address} presents does not name it, but ${namesOf(certificate)}: where the machine was renamed, delete ${paths.kubeletSelfSigned}.crt and .key there and restart the kubelet`;
      missing.push({ name, because });
    } else {
      collected.push({ name, addresses, from: handshake.address, certificate });
    }
  }
  return { collected, others, missing };
}

function titleOf({ commonName, notAfter }: Certificate): string {
  const name = commonName === "" ? "a certificate without a name" : `certificate ${commonName}`;
  return `${name}, which ends ${dayOf(notAfter)}`;
}

function namesOf({ dnsNames, ipAddresses }: Certificate): string {
  return [...dnsNames, ...ipAddresses].join(", ") || "nothing";
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** As `openssl x509 -fingerprint` writes it. */
function fingerprintOf({ fingerprint }: Certificate): string {
  return fingerprint.toUpperCase().match(/../g)?.join(":") ?? "";
}

/** The kubelet's own certificate; the CA beside it has signed nothing else, and nothing needs it to be trusted. */
function pemOf(certificate: Certificate): string {
  return encodePem([certificate]);
}

/** A node's addresses as the configuration has them; the host name is the node's name anyway. */
function writtenAddresses(addresses: readonly NodeAddress[]) {
  return addresses
    .filter(({ type }) => type !== "Hostname")
    .map((one) => (one.type === "InternalIP" ? one.address : one));
}

function toYaml({ collected }: Collection): string {
  if (collected.length === 0) return "# No kubelet that was seen signs its own certificate.";
  const lines = [
    "# Nobody has verified these certificates: each is what answered at the address beside it. Before one goes into a",
    "# configuration, compare its SHA-256 fingerprint on the machine itself:",
    `#   ${onTheMachine}`,
    "nodes:",
    ...collected.flatMap(({ name, addresses, from, certificate }) => [
      `  - name: ${JSON.stringify(name)}`,
      `    addresses: ${JSON.stringify(writtenAddresses(addresses))}`,
      `    # from ${from}, ends ${dayOf(certificate.notAfter)}`,
      `    # ${fingerprintOf(certificate)}`,
      "    selfSignedCertificate: |",
      ...pemOf(certificate)
        .trimEnd()
        .split("\n")
        .map((line) => `      ${line}`),
    ]),
  ];
  return lines.map(shown).join("\n");
}

function asideOf({ collected, others, missing }: Collection): string {
  const all = collected.length + others.length + missing.length;
  return [
    `${collected.length} of ${all} kubelets sign their own certificate and were collected.`,
    ...others.map(({ name, because }) => `  ${name}: ${because}`),
    ...missing.map(({ name, because }) => `  ${name} is missing: ${because}`),
  ]
    .map(shown)
    .join("\n");
}

function toJson({ collected, others, missing }: Collection): string {
  const document = {
    schema: "kubelet-trust/collected/v1",
    verified: false,
    compareWith: onTheMachine,
    nodes: collected.map(({ name, addresses, from, certificate }) => ({
      name,
      addresses: writtenAddresses(addresses),
      from,
      notAfter: certificate.notAfter.toISOString(),
      fingerprintSha256: fingerprintOf(certificate),
      selfSignedCertificate: pemOf(certificate),
    })),
    others,
    missing,
  };
  return shownJson(JSON.stringify(document, null, 2));
}
