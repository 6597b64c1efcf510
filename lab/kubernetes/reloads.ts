/**
 * Who picks a replaced file up while running, and who does not.
 */
import { certificateOf, keyOf, paths } from "../../trust/contract.ts";
import type { Machine } from "./rendered.ts";

/** What becomes of a file that was replaced on a running machine. */
export type Reload = {
  /** Completes the sentence "FILE was replaced: ...". */
  readonly says: string;
  /** Where the new certificate must be seen soon; undefined where nobody shows it. */
  readonly servedOn?: "kubelet" | "kube-apiserver";
};

const restart = (program: string) =>
  `${program} does not reload it; \`npm run lab -- up\` starts everything with it.`;

type Rule = {
  /** Files by their paths; a path with a `/` at its end is a folder. */
  readonly files: readonly string[];
  readonly reload: (machine: Machine) => Reload;
};

/**
 * The first rule that matches decides. Sources: kubernetes `pkg/kubelet/certificate/kubelet.go`,
 * `staging/src/k8s.io/apiserver/pkg/server/dynamiccertificates`, client-go `transport/cert_rotation.go`; times as
 * observed with v1.37.2.
 */
const rules: readonly Rule[] = [
  {
    files: pair(paths.kubeletServing),
    reload: () => ({ says: "the kubelet picks it up within seconds.", servedOn: "kubelet" }),
  },
  {
    files: pair(paths.apiserver),
    reload: () => ({
      says: "kube-apiserver picks it up within a minute.",
      servedOn: "kube-apiserver",
    }),
  },
  {
    files: [...pair(paths.apiserverKubeletClient), paths.kubeletServingBundle],
    reload: () => ({ says: "kube-apiserver picks it up within five minutes." }),
  },
  {
    files: [paths.ca],
    reload: ({ role }) => ({
      says:
        role === "node"
          ? "the kubelet picks it up as its clientCAFile within seconds."
          : "kubelet and kube-apiserver pick it up within a minute as the CA of their clients; as " +
            "--kubelet-certificate-authority within five minutes.",
    }),
  },
  {
    files: [paths.kubeletConfiguration, "/etc/systemd/", paths.kubeletConf],
    reload: () => ({ says: restart("the kubelet") }),
  },
  {
    files: [`${paths.manifests}/`],
    reload: () => ({
      says:
        "a kubelet would start the static pod anew, but the lab runs it in its place; " +
        "`npm run lab -- up` starts everything with it.",
    }),
  },
];

/** What becomes of a replaced file; one that no rule names is taken not to be reloaded. */
export function reloadOf(machine: Machine, file: string): Reload {
  const rule = rules.find(({ files }) =>
    files.some((one) => (one.endsWith("/") ? file.startsWith(one) : file === one)),
  );
  return rule?.reload(machine) ?? { says: restart("whoever reads it") };
}

function pair(base: string): readonly string[] {
  return [certificateOf(base), keyOf(base)];
}
