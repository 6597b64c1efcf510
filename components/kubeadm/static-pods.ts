import type * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { certificateOf, keyOf, paths } from "../../trust/contract.ts";
import { hostPort, isIpv6 } from "../model/addresses.ts";
import { apiServerPort, type ClusterSettings, hoursAsDuration } from "../model/cluster-settings.ts";
import { hardeningOf } from "../model/hardening.ts";
import { derive } from "../model/inputs.ts";
import {
  type HardenedProgram,
  type HostMount,
  hardeningFlags,
  hardeningMounts,
} from "./hardening.ts";
import { clusterLabels, systemNamespace } from "./metadata.ts";
import { deriveFromWords, flagWord, type Word } from "./words.ts";

/**
 * The static pods of a control plane as kubeadm 1.37 writes them, given the flags and mounts of hardening as extra ones.
 * Source: kubernetes `cmd/kubeadm/app/phases/controlplane/manifests.go`, `.../controlplane/volumes.go`,
 * `cmd/kubeadm/app/phases/etcd/local.go`, `cmd/kubeadm/app/util/staticpod/utils.go`.
 */

/** Where images come from, kubeadm's default. */
const imageRepository = "registry.k8s.io";

/** The etcd that kubeadm 1.37 gives to every Kubernetes it supports (`SupportedEtcdVersion`). */
const etcdImageTag = "3.7.0-0";

const etcdClientPort = 2379;
const etcdPeerPort = 2380;
const etcdMetricsPort = 2381;
const controllerManagerPort = 10257;
const schedulerPort = 10259;

/** What one control plane's static pods follow from. */
export type StaticPodsArgs = {
  settings: ClusterSettings;
  /** Name of the machine. */
  name: string;
  /** The address that kube-apiserver and etcd listen on and advertise. */
  advertiseAddress: pulumi.Input<string>;
  /** All control planes, this one too: the members of etcd. */
  members: readonly { name: string; address: pulumi.Input<string> }[];
  /** kube-apiserver's flags towards kubelets. */
  kubeletAccessFlags: readonly string[];
  /**
   * The certificate with which kube-controller-manager signs what kubelets request; its key is `ca.key`. Default: none,
   * it signs nothing.
   */
  signingCertificate?: string;
  /** Say what the flags mean, on the pod of kube-apiserver. */
  annotations: Readonly<Record<string, string>>;
  /** Names that kube-apiserver must resolve without DNS. Default: none. */
  hostAliases?: readonly HostAlias[] | pulumi.Output<readonly HostAlias[]>;
};

/** A line of a pod's hosts file. */
export type HostAlias = { readonly ip: string; readonly hostnames: readonly string[] };

/** The command line and the manifest of one static pod. */
export type StaticPod = {
  /** The exact argument vector, program name first. */
  command: Word[];
  /** The pod, YAML. */
  manifest: string | pulumi.Output<string>;
};

/** The four static pods of a control plane, by the name of their component. */
export function staticPods(args: StaticPodsArgs): Record<StaticPodName, StaticPod> {
  return {
    etcd: etcd(args),
    "kube-apiserver": apiServer(args),
    "kube-controller-manager": controllerManager(args),
    "kube-scheduler": scheduler(args),
  };
}

export type StaticPodName =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler";

function etcd({ settings, name, advertiseAddress, members }: StaticPodsArgs): StaticPod {
  const loopback = loopbackOf(advertiseAddress);
  const url = (address: pulumi.Input<string>, port: number) =>
    derive(address, (known) => `https://${hostPort(known, port)}`);
  const clientUrl = url(advertiseAddress, etcdClientPort);
  const peerUrl = url(advertiseAddress, etcdPeerPort);
  const flags = {
    name,
    "advertise-client-urls": clientUrl,
    "cert-file": certificateOf(paths.etcdServer),
    "client-cert-auth": "true",
    "data-dir": paths.etcdData,
    "feature-gates": "InitialCorruptCheck=true",
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": derive(
      members.map((member) => [member.name, url(member.address, etcdPeerPort)] as const),
      (known) => known.map(([member, peer]) => `${member}=${peer}`).join(","),
    ),
    "key-file": keyOf(paths.etcdServer),
    "listen-client-urls": derive([url(loopback, etcdClientPort), clientUrl], (urls) =>
      urls.join(","),
    ),
    "listen-metrics-urls": derive(
      loopback,
      (known) => `http://${hostPort(known, etcdMetricsPort)}`,
    ),
    "listen-peer-urls": peerUrl,
    "peer-cert-file": certificateOf(paths.etcdPeer),
    "peer-client-cert-auth": "true",
    "peer-key-file": keyOf(paths.etcdPeer),
    "peer-trusted-ca-file": certificateOf(paths.etcdCa),
    "snapshot-count": "10000",
    "trusted-ca-file": certificateOf(paths.etcdCa),
    "watch-progress-notify-interval": "5s",
  };
  return staticPod(settings, {
    name: "etcd",
    image: `${imageRepository}/etcd:${etcdImageTag}`,
    flags: flagList(flags),
    requests: { cpu: "100m", memory: "100Mi" },
    mounts: [
      { name: "etcd-certs", path: paths.etcd, type: "DirectoryOrCreate", readOnly: false },
      { name: "etcd-data", path: paths.etcdData, type: "DirectoryOrCreate", readOnly: false },
    ],
    port: etcdMetricsPort,
    probes: {
      host: loopback,
      scheme: "HTTP",
      liveness: "/livez",
      readiness: "/readyz",
      startup: "/readyz",
    },
    annotations: { "kubeadm.kubernetes.io/etcd.advertise-client-urls": clientUrl },
  });
}

function apiServer(args: StaticPodsArgs): StaticPod {
  const { settings, advertiseAddress } = args;
  const flags = {
    "advertise-address": advertiseAddress,
    "allow-privileged": "true",
    "authorization-mode": "Node,RBAC",
    "client-ca-file": paths.ca,
    "enable-admission-plugins": "NodeRestriction",
    "enable-bootstrap-token-auth": "true",
    "etcd-cafile": certificateOf(paths.etcdCa),
    "etcd-certfile": certificateOf(paths.apiserverEtcdClient),
    "etcd-keyfile": keyOf(paths.apiserverEtcdClient),
    "etcd-servers": derive(
      loopbackOf(advertiseAddress),
      (loopback) => `https://${hostPort(loopback, etcdClientPort)}`,
    ),
    "proxy-client-cert-file": certificateOf(paths.frontProxyClient),
    "proxy-client-key-file": keyOf(paths.frontProxyClient),
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-client-ca-file": certificateOf(paths.frontProxyCa),
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-username-headers": "X-Remote-User",
    "secure-port": String(apiServerPort),
    "service-account-issuer": `https://kubernetes.default.svc.${settings.dnsDomain}`,
    "service-account-key-file": `${paths.serviceAccount}.pub`,
    "service-account-signing-key-file": keyOf(paths.serviceAccount),
    "service-cluster-ip-range": settings.serviceSubnet,
    "tls-cert-file": certificateOf(paths.apiserver),
    "tls-private-key-file": keyOf(paths.apiserver),
  };
  return staticPod(settings, {
    name: "kube-apiserver",
    image: kubernetesImage("kube-apiserver", settings),
    flags: [
      ...flagList({ ...flags, ...hardened("kube-apiserver", settings) }),
      ...args.kubeletAccessFlags,
    ].sort(byFlag),
    requests: { cpu: "250m" },
    mounts: [
      { name: "ca-certs", path: "/etc/ssl/certs", type: "DirectoryOrCreate", readOnly: true },
      { name: "k8s-certs", path: paths.pki, type: "DirectoryOrCreate", readOnly: true },
      ...hardeningMounts(hardeningOf(settings.hardening)),
    ],
    port: apiServerPort,
    probes: {
      host: advertiseAddress,
      scheme: "HTTPS",
      liveness: "/livez",
      readiness: "/readyz",
      startup: "/livez",
    },
    annotations: {
      "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": derive(
        advertiseAddress,
        (address) => hostPort(address, apiServerPort),
      ),
      ...args.annotations,
    },
    ...(args.hostAliases === undefined ? {} : { hostAliases: args.hostAliases }),
  });
}

function controllerManager({
  settings,
  advertiseAddress,
  signingCertificate,
}: StaticPodsArgs): StaticPod {
  const flags = {
    ...(settings.podSubnet === undefined
      ? {}
      : {
          "allocate-node-cidrs": "true",
          "cluster-cidr": settings.podSubnet,
          "service-cluster-ip-range": settings.serviceSubnet,
        }),
    "authentication-kubeconfig": paths.controllerManagerConf,
    "authorization-kubeconfig": paths.controllerManagerConf,
    "bind-address": loopbackOf(advertiseAddress),
    "client-ca-file": paths.ca,
    "cluster-name": settings.clusterName,
    ...(signingCertificate !== undefined
      ? {
          "cluster-signing-cert-file": signingCertificate,
          // So that requested kubelet certificates live as long as issued ones.
          "cluster-signing-duration": hoursAsDuration(settings.validityHours),
          "cluster-signing-key-file": paths.caKey,
        }
      : {}),
    controllers: "*,bootstrapsigner,tokencleaner",
    kubeconfig: paths.controllerManagerConf,
    "leader-elect": "true",
    "requestheader-client-ca-file": certificateOf(paths.frontProxyCa),
    "root-ca-file": paths.ca,
    "service-account-private-key-file": keyOf(paths.serviceAccount),
    "use-service-account-credentials": "true",
  };
  return staticPod(settings, {
    name: "kube-controller-manager",
    image: kubernetesImage("kube-controller-manager", settings),
    flags: flagList({ ...flags, ...hardened("kube-controller-manager", settings) }),
    requests: { cpu: "200m" },
    mounts: [
      { name: "ca-certs", path: "/etc/ssl/certs", type: "DirectoryOrCreate", readOnly: true },
      { name: "k8s-certs", path: paths.pki, type: "DirectoryOrCreate", readOnly: true },
      {
        name: "kubeconfig",
        path: paths.controllerManagerConf,
        type: "FileOrCreate",
        readOnly: true,
      },
    ],
    port: controllerManagerPort,
    probes: {
      host: loopbackOf(advertiseAddress),
      scheme: "HTTPS",
      liveness: "/healthz",
      startup: "/healthz",
    },
  });
}

function scheduler({ settings, advertiseAddress }: StaticPodsArgs): StaticPod {
  const flags = {
    "authentication-kubeconfig": paths.schedulerConf,
    "authorization-kubeconfig": paths.schedulerConf,
    "bind-address": loopbackOf(advertiseAddress),
    kubeconfig: paths.schedulerConf,
    "leader-elect": "true",
  };
  return staticPod(settings, {
    name: "kube-scheduler",
    image: kubernetesImage("kube-scheduler", settings),
    flags: flagList({ ...flags, ...hardened("kube-scheduler", settings) }),
    requests: { cpu: "100m" },
    mounts: [
      { name: "kubeconfig", path: paths.schedulerConf, type: "FileOrCreate", readOnly: true },
    ],
    port: schedulerPort,
    probes: {
      host: loopbackOf(advertiseAddress),
      scheme: "HTTPS",
      liveness: "/livez",
      readiness: "/readyz",
      startup: "/livez",
    },
  });
}

type StaticPodSpec = {
  name: StaticPodName;
  image: string;
  flags: Word[];
  requests: Record<string, string>;
  mounts: HostMount[];
  port: number;
  probes: {
    host: pulumi.Input<string>;
    scheme: "HTTP" | "HTTPS";
    liveness: string;
    readiness?: string;
    startup: string;
  };
  annotations?: Readonly<Record<string, pulumi.Input<string>>>;
  hostAliases?: StaticPodsArgs["hostAliases"];
};

function staticPod(settings: ClusterSettings, spec: StaticPodSpec): StaticPod {
  const command = [spec.name, ...spec.flags];
  const { host, scheme, liveness, readiness, startup } = spec.probes;
  const probe = (path: string, delay: number, failures: number, period: number) => ({
    httpGet: { host, path, port: "probe-port", scheme },
    initialDelaySeconds: delay,
    timeoutSeconds: 15,
    failureThreshold: failures,
    periodSeconds: period,
  });
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: spec.name,
      namespace: systemNamespace,
      labels: {
        component: spec.name,
        tier: "control-plane",
        ...clusterLabels(settings.clusterName),
      },
      ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
    },
    spec: {
      containers: [
        {
          name: spec.name,
          image: spec.image,
          imagePullPolicy: "IfNotPresent",
          command: deriveFromWords(command, (words) => words),
          ports: [{ name: "probe-port", containerPort: spec.port, protocol: "TCP" }],
          livenessProbe: probe(liveness, 10, 8, 10),
          ...(readiness === undefined ? {} : { readinessProbe: probe(readiness, 0, 3, 1) }),
          startupProbe: probe(startup, 10, 24, 10),
          resources: { requests: spec.requests },
          volumeMounts: spec.mounts.map(({ name, path, readOnly }) => ({
            name,
            mountPath: path,
            ...(readOnly ? { readOnly } : {}),
          })),
        },
      ],
      hostNetwork: true,
      ...(spec.hostAliases === undefined ? {} : { hostAliases: spec.hostAliases }),
      priority: 2000001000,
      priorityClassName: "system-node-critical",
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      volumes: spec.mounts.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
    },
  };
  return {
    command,
    manifest: derive(pod, (known) =>
      stringify(known, { lineWidth: 0, aliasDuplicateObjects: false }),
    ),
  };
}

function hardened(program: HardenedProgram, { hardening }: ClusterSettings) {
  return hardeningFlags(program, hardeningOf(hardening));
}

/** `--name=value` for each, in order of names, as kubeadm writes them. */
function flagList(flags: Readonly<Record<string, pulumi.Input<string>>>): Word[] {
  return Object.entries(flags)
    .map(([name, value]) => flagWord(name, value))
    .sort(byFlag);
}

/** In the order of the texts; no flag is given twice, so what is before the values decides. */
function byFlag(a: Word, b: Word): number {
  const [one, other] = [a, b].map((word) => (typeof word === "string" ? word : word[0]));
  return (one ?? "") < (other ?? "") ? -1 : 1;
}

function kubernetesImage(program: string, settings: ClusterSettings): string {
  return `${imageRepository}/${program}:v${settings.kubernetesVersion}`;
}

function loopbackOf(address: pulumi.Input<string>): pulumi.Input<string> {
  return derive(address, (known) => (isIpv6(known) ? "::1" : "127.0.0.1"));
}
