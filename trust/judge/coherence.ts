/** Do a serving mode and a stance agree? The verdict on a typical pair says it. */

import { newestKnownVersion } from "../kubernetes/version.ts";
import { apiServerFacts } from "../programs/api-server/facts.ts";
import { kubeletFacts } from "../programs/kubelet/facts.ts";
import { selfSigned } from "../programs/kubelet/serving-certificate.ts";
import { readArguments } from "../readers/command-line.ts";
import { known, unknown } from "../words/fact.ts";
import type { ApiServerFacts, CertificateFacts, HostFiles, KubeletFacts } from "../words/facts.ts";
import { type Remedy, works } from "../words/verdict.ts";
import {
  type ApiServerStance,
  kubeadmPreferredAddressTypes,
  type ServingMode,
} from "../words/vocabulary.ts";
import { judge } from "./judge.ts";

export type Coherence =
  | { readonly coherent: true }
  | {
      readonly coherent: false;
      /** What a user would see. */
      readonly symptom: string;
      /** Why, in one sentence. */
      readonly reason: string;
      /** One way out on each side at least, most preferred first. */
      readonly remedies: readonly Remedy[];
    };

/**
 * Whether kubelets in a serving mode and an apiserver with a stance agree, by asking {@link judge} about a
 * typical pair; not a table of its own.
 */
export function coherence(mode: ServingMode, stance: ApiServerStance): Coherence {
  const at = new Date();
  const { serving } = judge(typicalKubelet(mode, at), typicalApiServer(stance, at), { at });
  if (works(serving)) {
    return { coherent: true };
  }
  return {
    coherent: false,
    symptom: serving.verdict === "fails" ? serving.symptom : serving.reason,
    reason: serving.reason,
    remedies: serving.remedies,
  };
}

const nodeName = "node-1";
const nodeIp = "10.0.0.11";
const caFile = "/etc/kubernetes/pki/ca.crt";
const bundleFile = "/etc/kubernetes/pki/kubelets.crt";
const day = 86_400_000;

function certificate(
  id: string,
  signer: string,
  at: Date,
  facts: Partial<CertificateFacts>,
): CertificateFacts {
  return {
    ids: [id],
    label: id.slice(id.indexOf(":") + 1),
    subject: known({ commonName: id, organizations: [] }),
    dnsNames: known([]),
    ipAddresses: known([]),
    extendedKeyUsages: known(undefined),
    isCA: known(false),
    notBefore: known(new Date(at.getTime() - day)),
    notAfter: known(new Date(at.getTime() + day)),
    key: known({ ids: [`${id} key`], algorithm: "ECDSA" }),
    signedBy: known({
      certificateIds: [signer],
      subject: { commonName: signer, organizations: [] },
    }),
    ...facts,
  };
}

const caId = "typical:the cluster CA";

function authority(at: Date): CertificateFacts {
  return certificate(caId, caId, at, { isCA: known(true) });
}

function issuedLeaf(at: Date): CertificateFacts {
  return certificate(`typical:the kubelet serving certificate of ${nodeName}`, caId, at, {
    dnsNames: known([nodeName]),
    ipAddresses: known([nodeIp]),
    extendedKeyUsages: known(["serverAuth"]),
  });
}

/** A kubelet in a serving mode, on a node with one name and one address. */
function typicalKubelet(mode: ServingMode, at: Date): KubeletFacts {
  const leaf = issuedLeaf(at);
  const certFile = "/var/lib/kubelet/pki/serving.crt";
  const keyFile = "/var/lib/kubelet/pki/serving.key";
  const flags = {
    provisioned: [`--tls-cert-file=${certFile}`, `--tls-private-key-file=${keyFile}`],
    bootstrap: ["--rotate-server-certificates"],
    selfSigned: [],
  };
  const source = { where: `a kubelet in mode ${mode}` };
  const files: HostFiles = (path) =>
    path === certFile
      ? known({ kind: "certificates", certificates: [leaf] })
      : unknown(`the content of ${path}`);
  return kubeletFacts({
    label: source.where,
    version: known(newestKnownVersion),
    commandLine: {
      program: "kubelet",
      words:
        readArguments(
          ["kubelet", "--kubeconfig=/etc/kubernetes/kubelet.conf", ...flags[mode]],
          source,
        ).commandLines[0]?.words ?? [],
      source,
    },
    node: {
      hostName: known(nodeName),
      name: known(nodeName),
      addresses: known([
        { type: "InternalIP", address: nodeIp },
        { type: "Hostname", address: nodeName },
      ]),
    },
    request: known({ state: "issued", chain: [leaf] }),
    files,
    at,
  });
}

/** An apiserver with a stance towards kubelets like {@link typicalKubelet}'s. */
function typicalApiServer(stance: ApiServerStance, at: Date): ApiServerFacts {
  const kubeadmTypes = kubeadmPreferredAddressTypes.join(",");
  const flags = {
    verify: [
      `--kubelet-certificate-authority=${caFile}`,
      `--kubelet-preferred-address-types=${kubeadmTypes}`,
    ],
    trustSelfSigned: [
      `--kubelet-certificate-authority=${bundleFile}`,
      `--kubelet-preferred-address-types=Hostname,${kubeadmTypes}`,
    ],
    skip: [`--kubelet-preferred-address-types=${kubeadmTypes}`],
  };
  const source = { where: `an apiserver with stance ${stance}` };
  const bundles = new Map([
    [caFile, [authority(at)]],
    // The bundle of a cluster with self-signing kubelets holds its CA too, for the pools that do not.
    [bundleFile, [...selfSigned(nodeName, at), authority(at)]],
  ]);
  return apiServerFacts({
    label: source.where,
    version: known(newestKnownVersion),
    commandLine: {
      program: "kube-apiserver",
      words:
        readArguments(["kube-apiserver", ...flags[stance]], source).commandLines[0]?.words ?? [],
      source,
    },
    skip: known(stance === "skip" ? { reason: "the stance says so" } : undefined),
    rbac: known({ roles: [], bindings: [] }),
    files: (path) => {
      const certificates = bundles.get(path);
      return certificates
        ? known({ kind: "certificates", certificates })
        : unknown(`the content of ${path}`);
    },
  });
}
