/** Pieces as readers make them, and what a cluster of them comes to. */
import { assemble } from "../../../trust/cluster/assemble.ts";
import type { AssembledKubelet, AssembleOptions } from "../../../trust/cluster/assembly.ts";
import { judge } from "../../../trust/judge/judge.ts";
import { readArguments } from "../../../trust/readers/command-line.ts";
import { readKubeadm } from "../../../trust/readers/kubeadm.ts";
import { readKubeletConfiguration } from "../../../trust/readers/kubelet-configuration.ts";
import type {
  ConfigurationPiece,
  KubeadmPiece,
  Origin,
  Piece,
  ProgramPiece,
  RbacPiece,
  WorkloadPiece,
} from "../../../trust/readers/piece.ts";
import type { JsonObject } from "../../../trust/readers/yaml.ts";
import { known } from "../../../trust/words/fact.ts";
import type { Outcome, Verdict } from "../../../trust/words/verdict.ts";
import { rbacIn } from "../../support/pieces.ts";

/** Where a piece is; the holder is what it is called by. */
export function at(holder: string, more: Partial<Origin> = {}): Origin {
  return {
    source: { where: holder },
    holder,
    cluster: known(undefined),
    scope: "",
    annotations: {},
    ...more,
  };
}

/** A program by its words. */
export function program(
  words: string,
  origin = at("unit"),
  more: Partial<ProgramPiece> = {},
): ProgramPiece {
  const [commandLine] = readArguments(words.split(" "), origin.source).commandLines;
  if (!commandLine) throw new Error(`no program in ${words}`);
  return { kind: "program", origin, commandLine, ...more };
}

/** The flags of kubeadm's kube-apiserver. */
const kubeadmFlags =
  "--authorization-mode=Node,RBAC --client-ca-file=/etc/kubernetes/pki/ca.crt --kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt --kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname";

/** A kube-apiserver that verifies against the cluster's CA, or does not verify. */
export function apiServer(stance: "verify" | "silent", origin = at("control plane")): ProgramPiece {
  const flag =
    stance === "verify" ? " --kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt" : "";
  return program(`kube-apiserver ${kubeadmFlags}${flag}`, origin, { version: "1.37.2" });
}

/** A KubeletConfiguration by its fields. */
export function configuration(
  fields: string,
  origin = at("kubelet-config", { key: "kubelet" }),
  role: ConfigurationPiece["role"] = "whole",
): ConfigurationPiece {
  const text = `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${fields}`;
  const [document] = readKubeletConfiguration(text, origin.source).documents;
  if (!document) throw new Error(text);
  return { kind: "kubelet-configuration", role, origin, document };
}

/** What kubeadm writes into a KubeletConfiguration, as far as strangers are kept out by it. */
export const closed = "authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\n";

/** kubeadm's documents. */
export function kubeadm(text: string, origin = at("kubeadm.yaml")): KubeadmPiece {
  return { kind: "kubeadm", origin, configuration: readKubeadm(text, origin.source) };
}

/** A ClusterConfiguration under which kube-apiserver verifies. */
export const verifying = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
apiServer:
  extraArgs:
    - {name: kubelet-certificate-authority, value: /etc/kubernetes/pki/ca.crt}
`;

/** RBAC objects. */
export function rbac(text: string, origin = at("rbac")): RbacPiece {
  return { kind: "rbac", origin, rbac: rbacIn(text) };
}

/** A Deployment of postfinance/kubelet-csr-approver. */
export function approver(
  more: Partial<WorkloadPiece> = {},
  env: Readonly<Record<string, string>> = {},
): WorkloadPiece {
  const container: JsonObject = {
    image: "ghcr.io/postfinance/kubelet-csr-approver:v1.2.14",
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
  };
  return {
    kind: "workload",
    origin: at("approver"),
    label: "Deployment kube-system/approver",
    containers: [container],
    serviceAccount: known("kube-system/approver"),
    runs: known(true),
    tolerations: [],
    scheduling: {},
    ...more,
  };
}

/** A kubelet of an assembly with its verdicts. */
export type Judged = AssembledKubelet & { readonly verdicts: readonly Verdict[] };

/** Assembles and judges. */
export function judged(pieces: readonly Piece[], options: AssembleOptions = {}) {
  const assembly = assemble(pieces, options);
  const kubelets = assembly.clusters.flatMap((cluster) =>
    cluster.kubelets.map(
      (kubelet): Judged => ({
        ...kubelet,
        verdicts: cluster.apiServers.map(({ facts }) => judge(kubelet.facts, facts)),
      }),
    ),
  );
  const [cluster] = assembly.clusters;
  return { assembly, kubelets, assumptions: cluster?.assumptions ?? assembly.assumptions };
}

/** The serving side of the only kubelet under the only kube-apiserver. */
export function servingOf(pieces: readonly Piece[], options: AssembleOptions = {}): Outcome {
  const { kubelets } = judged(pieces, options);
  const [kubelet, ...others] = kubelets;
  const [verdict, ...more] = kubelet?.verdicts ?? [];
  if (!verdict || others.length + more.length > 0) {
    throw new Error(`${kubelets.length} kubelets: ${kubelets.map(({ label }) => label)}`);
  }
  return verdict.serving;
}

/** What an outcome says, in one text to match. */
export function said(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "nothing";
  const detail =
    outcome.verdict === "fails"
      ? outcome.symptom
      : outcome.verdict === "undecidable"
        ? outcome.missing.join("; ")
        : "";
  return `${outcome.verdict}: ${detail} ${outcome.reason}`;
}
