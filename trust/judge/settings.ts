/** The settings of callers by the names that their programs give them. */
import type { CallerName } from "../words/facts.ts";

export type CallerSettings = {
  /** The bundle that kubelets are verified with. */
  readonly bundle: string;
  /** The order of address types; absent where the program has no such setting. */
  readonly addressTypes?: string;
  /** What leaves kubelets unverified, as a clause. */
  readonly unverified: string;
  /** What a user writes to verify nothing on purpose; absent where nothing can say that it is meant. */
  readonly skip?: string;
};

const annotations =
  "the annotations kubelet-trust/kubelet-serving-verification: skip and kubelet-trust/reason";

export const settingsOf: Readonly<Record<CallerName, CallerSettings>> = {
  "kube-apiserver": {
    bundle: "--kubelet-certificate-authority",
    addressTypes: "--kubelet-preferred-address-types",
    unverified: "--kubelet-certificate-authority is absent",
    skip: `Leave --kubelet-certificate-authority out, and say so with ${annotations}.`,
  },
  "metrics-server": {
    bundle: "--kubelet-certificate-authority",
    addressTypes: "--kubelet-preferred-address-types",
    unverified: "--kubelet-insecure-tls is set",
    skip: `Set --kubelet-insecure-tls, and say so with ${annotations}.`,
  },
  prometheus: {
    bundle: "tls_config.ca_file",
    unverified: "insecure_skip_verify is true",
    skip: `Set insecure_skip_verify: true, and say so with ${annotations}.`,
  },
  vmagent: {
    bundle: "tlsConfig.caFile",
    unverified: "insecureSkipVerify is true",
    skip: `Set insecureSkipVerify: true, and say so with ${annotations}.`,
  },
  "otel-collector": {
    bundle: "ca_file (auth_type: tls)",
    unverified: "insecure_skip_verify is true",
    skip: `Set insecure_skip_verify: true, and say so with ${annotations}.`,
  },
  "datadog-agent": {
    bundle: "DD_KUBELET_CLIENT_CA",
    unverified: "DD_KUBELET_TLS_VERIFY is false",
    skip: `Set DD_KUBELET_TLS_VERIFY=false, and say so with ${annotations}.`,
  },
  "grafana-alloy": {
    bundle: "tls_config.ca_file",
    unverified: "insecure_skip_verify is true",
    skip: `Set insecure_skip_verify = true, and say so with ${annotations}.`,
  },
  "fluent-bit": {
    bundle: "Kube_CA_File",
    unverified: "tls.verify is Off",
    skip: `Set tls.verify Off, and say so with ${annotations}.`,
  },
  telegraf: {
    bundle: "tls_ca",
    unverified: "insecure_skip_verify is true",
    skip: `Set insecure_skip_verify = true, and say so with ${annotations}.`,
  },
  metricbeat: {
    bundle: "ssl.certificate_authorities",
    unverified: "ssl.verification_mode is none",
    skip: `Set ssl.verification_mode: none, and say so with ${annotations}.`,
  },
};
