/**
 * The words of the project, one meaning each. Everything else imports them from here.
 */

/**
 * How a kubelet comes by its serving certificate.
 *
 * - `provisioned`: it serves the certificate the stack issued (`tlsCertFile`, `tlsPrivateKeyFile`).
 * - `bootstrap`: it requests one by CSR (`serverTLSBootstrap: true`, signer `kubernetes.io/kubelet-serving`).
 * - `selfSigned`: it signs its own at first start.
 *
 * Source: kubernetes `cmd/kubelet/app/server.go` (InitializeTLS).
 */
export const servingModes = ["provisioned", "bootstrap", "selfSigned"] as const;
export type ServingMode = (typeof servingModes)[number];

/**
 * What kube-apiserver has been told about kubelet serving certificates.
 *
 * - `verify`: `--kubelet-certificate-authority` names the CA that issues them.
 * - `trustSelfSigned`: `--kubelet-certificate-authority` names a bundle of the kubelets' own certificates,
 *   and `--kubelet-preferred-address-types` begins with `Hostname`, their only SAN.
 * - `skip`: the flag is absent, and an annotation with a reason says that this is meant.
 *
 * The flag absent with nothing said is the *silent skip*: no stance, and what the policies reject.
 * Source: kubernetes `pkg/kubelet/client/kubelet_client.go` (transportConfig).
 */
export const apiServerStances = ["verify", "trustSelfSigned", "skip"] as const;
export type ApiServerStance = (typeof apiServerStances)[number];

/** kubeadm's names of key algorithms (kubeadm API v1beta4, `encryptionAlgorithm`). */
export const keyAlgorithms = [
  "RSA-2048",
  "RSA-3072",
  "RSA-4096",
  "ECDSA-P256",
  "ECDSA-P384",
] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** Node address types of `node.status.addresses` (kubernetes `core/v1` NodeAddressType). */
export const nodeAddressTypes = [
  "Hostname",
  "InternalDNS",
  "InternalIP",
  "ExternalDNS",
  "ExternalIP",
] as const;
export type NodeAddressType = (typeof nodeAddressTypes)[number];

/** The order kube-apiserver dials in when `--kubelet-preferred-address-types` is absent. */
export const defaultPreferredAddressTypes: readonly NodeAddressType[] = nodeAddressTypes;

/** The order kubeadm writes into kube-apiserver's flags. */
export const kubeadmPreferredAddressTypes: readonly NodeAddressType[] = [
  "InternalIP",
  "ExternalIP",
  "Hostname",
];

/** On the resource that carries kube-apiserver's flags: `skip` says that not verifying is meant. */
export const verificationAnnotation = "kubelet-trust/kubelet-serving-verification";

/** Beside {@link verificationAnnotation}: why verification is skipped, in the user's words. */
export const reasonAnnotation = "kubelet-trust/reason";

/** Label that says which cluster a resource belongs to. */
export const clusterLabel = "kubelet-trust/cluster";
