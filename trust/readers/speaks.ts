/** Whether a text speaks of kubelets or kube-apiserver, and whether it could decide something. */

/** What they are called, and kubelets' own ports. */
const name =
  /kubelet|kube-?api-?server|kubeadm|hyperkube|kube-controller-manager|[\w}\])]:1025[05](?!\d)/i;

/** Words that name a kubelet and set nothing: its folder, its metrics, where plugins register, what it is watched by. */
const aside =
  /\/var\/lib\/kubelet\b[\w./-]*|--kubelet-(?:registration-path|dir|root-dir)\b|\bkubelet_\w+|\b\w+_kubelet\b|\bjob=\\?"kubelet\\?"|system:kubelet-api-admin|\bsystem:kube-controller-manager\b|kubelet-trust|kubelet[.-]service\.d\b|_SYSTEMD_UNIT=kubelet\b(?:\.service)?/gi;

/** Options of what manages units and packages, which none of the programs has. */
const ofManagers =
  "no-pager|no-legend|no-block|now|force|quiet|since|until|lines|follow|full|plain|output|state|grep|boot|reverse|classic|channel|yes|assumeyes|disableexcludes|allow-change-held-packages";

/** Settings that decide, and the documents and programs that carry them. */
const settings = new RegExp(
  [
    "serverTLSBootstrap|tlsCertFile|tlsPrivateKeyFile|clientCAFile|readOnlyPort",
    "AlwaysAllow|authentication\\.(?:anonymous|webhook|x509)\\b",
    "rotate-server-certificates|RotateKubeletServerCertificate",
    "kubelet-(?:certificate-authority|client-certificate|client-key|preferred-address-types|insecure-tls)",
    "KubeletConfiguration|kubelet\\.config\\.k8s\\.io|kubeletconfig\\b",
    "kubeadm\\.k8s\\.io|(?:Cluster|Init|Join)Configuration\\b|kubeadmConfigSpec|kubeadm\\s+(?:init|join)\\b",
    "extra-config=(?:kubelet|apiserver)\\.",
    "kubelet_(?:rotate_server|rotate_certif|authentication|authorization|anonymous|serving|tls|client_ca|read_only|extra_|custom_|config_|csr_approver)",
    "kube_(?:read_only_port|kubelet|api_?server)\\w{0,100}:",
    "generate_serving_certificate|kubelet[-_]?(?:extra[-_]?)?arg|apiserver[-_]?(?:extra[-_]?)?arg|KUBELET_\\w{0,100}(?:ARGS|OPTS|FLAGS)",
    "--(?:anonymous-auth|authorization-mode|client-ca-file|tls-cert-file|tls-private-key-file|cloud-provider)\\b",
    `\\b(?:kubelet|kube-apiserver|kube-controller-manager)(?:\\.exe)?["']?[,\\s]\\s*["']?--(?!version|help|(?:${ofManagers})(?![\\w-]))`,
    "\\b(?:kubelet|kube-apiserver|kubeAPIServer|apiServer)[\"']?:\\s*(?:\\n\\s+)?[{\\w\"']*(?:extra|args|config)",
  ].join("|"),
  "i",
);

/** Settings that no other program has, whatever the name of the one that is started. */
export const nameless =
  /serverTLSBootstrap|tlsPrivateKeyFile|clientCAFile|\bserver-tls-bootstrap\b|\[settings\.kubernetes\]|--(?:anonymous-auth|rotate-server-certificates|authentication-token-webhook)(?![\w-])/;

export type Speech = "of settings" | "of them" | "of other things";

/** What a text speaks of. Linear in its length: no pattern looks through a word from each of its places. */
export function speaks(text: string): Speech {
  if (!name.test(text)) {
    return nameless.test(text) ? "of settings" : "of other things";
  }
  if (settings.test(text)) return "of settings";
  return name.test(text.replace(aside, "")) ? "of them" : "of other things";
}

/** Whether a name (of a key, a file, an object) is one that deciding texts go by. */
export function soundsDeciding(...names: readonly (string | undefined)[]): boolean {
  return names.some(
    (one) =>
      one !== undefined &&
      /kubelet|kubeadm|api-?server|hyperkube|(Cluster|Init|Join)Configuration/i.test(one),
  );
}

/** Whether what lies at a path goes by such a name, or is a static pod or a file of a kubelet's own folder. */
export function mayDecide(path: string): boolean {
  const name = path.split(/[\\/]/).at(-1);
  return soundsDeciding(name) || /[\\/](?:manifests|kubelet)[\\/][^\\/]+$/.test(path);
}
