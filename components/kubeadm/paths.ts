/**
 * Where things lie on a machine. The paths under `/etc/kubernetes` are kubeadm's.
 * Source: kubernetes `cmd/kubeadm/app/constants/constants.go`.
 */

const pki = "/etc/kubernetes/pki";
const kubeletPki = "/var/lib/kubelet/pki";

export const paths = {
  pki,
  ca: `${pki}/ca.crt`,
  caKey: `${pki}/ca.key`,
  apiserver: `${pki}/apiserver`,
  apiserverKubeletClient: `${pki}/apiserver-kubelet-client`,
  apiserverEtcdClient: `${pki}/apiserver-etcd-client`,
  frontProxyCa: `${pki}/front-proxy-ca`,
  frontProxyClient: `${pki}/front-proxy-client`,
  serviceAccount: `${pki}/sa`,
  etcd: `${pki}/etcd`,
  etcdCa: `${pki}/etcd/ca`,
  etcdServer: `${pki}/etcd/server`,
  etcdPeer: `${pki}/etcd/peer`,
  etcdHealthcheckClient: `${pki}/etcd/healthcheck-client`,

  /** Under stance `trustSelfSigned`: what `--kubelet-certificate-authority` names. */
  kubeletServingBundle: `${pki}/kubelet-serving-bundle.crt`,

  adminConf: "/etc/kubernetes/admin.conf",
  superAdminConf: "/etc/kubernetes/super-admin.conf",
  controllerManagerConf: "/etc/kubernetes/controller-manager.conf",
  schedulerConf: "/etc/kubernetes/scheduler.conf",
  kubeletConf: "/etc/kubernetes/kubelet.conf",
  manifests: "/etc/kubernetes/manifests",

  kubeletConfiguration: "/var/lib/kubelet/config.yaml",
  kubeletUnit: "/etc/systemd/system/kubelet.service",
  /**
   * The serving certificate that the stack issues, and its key: `.crt` and `.key`. Not `kubelet.crt` (the kubelet's self-signed one) and not
   * `kubelet-server*` (its store for certificates that it requested), which the kubelet writes itself.
   * Source: kubernetes `cmd/kubelet/app/server.go`, `pkg/kubelet/certificate/kubelet.go`.
   */
  kubeletServing: `${kubeletPki}/kubelet-serving`,
  etcdData: "/var/lib/etcd",
} as const;
