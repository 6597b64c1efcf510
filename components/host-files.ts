import * as pulumi from "@pulumi/pulumi";
import {
  aboutKey,
  addressesAnnotation,
  digestOf,
  fileKey,
  fileListKey,
  hostFilesOutputs,
  hostFilesSecretName,
  hostFilesSecretType,
  kubernetesVersionAnnotation,
  machineLabel,
  paths,
  poolLabel,
  roleLabel,
  servingModeAnnotation,
  tokens,
  writeAddresses,
  writeHostFiles,
  writtenOn,
} from "../trust/contract.ts";
import type { ServingMode } from "../trust/words/vocabulary.ts";
import { HostFilesSecret, type HostFilesSecretArgs } from "./host-files-secret.ts";
import { kernelSettings } from "./kubeadm/hardening.ts";
import { base64 } from "./kubeadm/kubeconfig.ts";
import { kubeletFlags, kubeletUnit } from "./kubeadm/kubelet-unit.ts";
import { clusterLabels, systemNamespace } from "./kubeadm/metadata.ts";
import type { Word } from "./kubeadm/words.ts";
import { MachineFiles } from "./machine-files.ts";
import { type HardeningArgs, hardeningOf } from "./model/hardening.ts";
import { derive, isLater } from "./model/inputs.ts";
import type { Machine } from "./model/machines.ts";
import { credentialFiles, type NodeCertificates } from "./node-certificates.ts";
import type { HostFile } from "./pki/host-file.ts";
import { privateFile, publicFile } from "./pki/host-file.ts";
import { type Issuance, trustOf } from "./pki/issuance.ts";

/** What a control plane has beyond a node. */
export type ControlPlaneExtras = {
  /** By machine name: everything under `/etc/kubernetes` that a node does not have. */
  files: Readonly<Record<string, readonly HostFile[]>>;
  /** The command lines of the static pods, by machine and component. Known at preview but for addresses that are not. */
  commands: Readonly<Record<string, Readonly<Record<string, readonly Word[]>>>>;
  /** Say what kube-apiserver's flags mean; see ApiServerKubeletAccess. */
  annotations: Readonly<Record<string, string>>;
};

export type HostFilesArgs = {
  /** Machines of one pool, or all control planes. */
  machines: readonly Machine[];
  /** Without the `v`; the flags and files are made for it. */
  kubernetesVersion: string;
  clusterName: string;
  servingMode: ServingMode;
  /** The cluster's CA, and that of machines that are behind in a rotation; what they trust becomes `ca.crt`. */
  issuance: Pick<Issuance, "ca" | "behind">;
  /** KubeletConfiguration, YAML. */
  kubelet: string;
  certificates: NodeCertificates;
  /** Which switches of hardening are off. Default: none. */
  hardening?: HardeningArgs;
  /** Label of the pool. Default: none. */
  pool?: string;
  /** Provider of the Secrets. Default: that of the component. */
  provider?: pulumi.ProviderResource;
  /** Makes the machines control planes. Default: none, they are nodes. */
  controlPlane?: ControlPlaneExtras;
};

/**
 * The exact files of each machine, one Secret a machine, for whatever carries them there; {@link MachineFiles} has them
 * as user data.
 *
 * The Secret `host-files-<machine>` in `kube-system` has type `kubelet-trust/host-files`. Its key `files.json`
 * lists the files (`path`, `mode`, `owner`, `key`), in order of their paths; every other key holds the content of
 * one file and is the path without its first slash and with `_` for each further one.
 *
 * What decides trust is registered as plain outputs too, so that the policy pack notices what has changed a Secret.
 *
 * @example
 * new HostFiles("workers", {
 *   machines: pool.machines,
 *   kubernetesVersion: "1.37.2",
 *   clusterName: "prod",
 *   servingMode: "provisioned",
 *   issuance: { ca },
 *   kubelet: pool.kubeletConfigMap.kubelet,
 *   certificates: pool.certificates,
 * });
 */
export class HostFiles extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.hostFiles;

  /** Names of the Secrets, by machine. */
  readonly secretNames: Readonly<Record<string, string>>;
  /** The files themselves, by machine. */
  readonly machineFiles: Readonly<Record<string, MachineFiles>>;
  /** Known once every Secret is written. */
  readonly written: pulumi.Output<unknown>;

  constructor(name: string, args: HostFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super(HostFiles.__pulumiType, name, {}, opts);
    const machineFiles: Record<string, MachineFiles> = {};
    const written: pulumi.Output<string>[] = [];
    const digests: Record<string, Digests> = {};
    const provider = args.provider ?? this.getProvider("kubernetes:core/v1:Secret");
    for (const machine of args.machines) {
      const files = filesOf(machine, args);
      const metadata = metadataOf(machine, args);
      const secret = new HostFilesSecret(
        `${name}/${machine.name}`,
        { metadata, type: hostFilesSecretType, ...packFiles(files) },
        { parent: this, ...(provider === undefined ? {} : { provider }) },
      );
      machineFiles[machine.name] = new MachineFiles(files);
      digests[machine.name] = digestsOf(files, metadata);
      written.push(secret.id);
    }
    this.machineFiles = machineFiles;
    this.written = pulumi.all(written);
    this.secretNames = Object.fromEntries(
      args.machines.map((machine) => [machine.name, hostFilesSecretName(machine.name)]),
    );
    this.registerOutputs({
      kubernetesVersion: args.kubernetesVersion,
      role: roleOf(args),
      servingMode: args.servingMode,
      [hostFilesOutputs.kubelet]: args.kubelet,
      [hostFilesOutputs.kubeletFlags]: Object.fromEntries(
        args.machines.map((machine) => [machine.name, kubeletFlags(machine)]),
      ),
      [hostFilesOutputs.commands]: args.controlPlane?.commands ?? {},
      [hostFilesOutputs.selfSignedCertificates]: Object.fromEntries(
        args.machines.flatMap(({ name: machine, selfSignedCertificate: pem }) =>
          pem === undefined ? [] : [[machine, pem]],
        ),
      ),
      ...rotationOutputs(args),
      [hostFilesOutputs.digests]: digests,
      [hostFilesOutputs.provider]: provider?.urn ?? "",
    });
  }
}

/** What the machines' `ca.crt` hold, before the CAs' PEMs are known. Nothing outside a rotation: there is one CA. */
function rotationOutputs({ machines, issuance }: HostFilesArgs): pulumi.Inputs {
  const entries = machines.flatMap(({ name }) => {
    const { identities } = caOf(name, issuance);
    return identities === undefined ? [] : [[name, [...identities]]];
  });
  return entries.length === 0
    ? {}
    : { [hostFilesOutputs.authorities]: Object.fromEntries(entries) as pulumi.Inputs };
}

function caOf(machine: string, issuance: HostFilesArgs["issuance"]) {
  return issuance.behind?.[machine] ?? issuance.ca;
}

/**
 * The content of the Secret: {@link writeHostFiles}. What is known of it stays known; all of it is secret.
 *
 * Texts that wait for addresses are in `stringData`: what each property of a resource is made from is known at a
 * preview, so it can be seen that nothing but addresses went into these.
 */
function packFiles(files: readonly HostFile[]): Pick<HostFilesSecretArgs, "data" | "stringData"> {
  const waiting = new Set(
    files
      .filter((file) => startsProgram(file) && isLater(file.content))
      .map(({ path }) => fileKey(path)),
  );
  const data: Record<string, pulumi.Output<string>> = {};
  const stringData: Record<string, pulumi.Output<string>> = {};
  for (const [key, content] of Object.entries(writeHostFiles(files))) {
    if (waiting.has(key)) stringData[key] = pulumi.secret(content);
    else if (typeof content === "string") data[key] = pulumi.secret(base64(content));
    else data[key] = pulumi.secret(content).apply(base64);
  }
  return waiting.size === 0 ? { data } : { data, stringData };
}

/** Units and static pods: they hold no key. */
function startsProgram({ path }: HostFile): boolean {
  return path === paths.kubeletUnit || path.startsWith(`${paths.manifests}/`);
}

type Digests = Record<string, pulumi.Input<string>>;

/** Of each file and of what is written on the Secret: known where that is. */
function digestsOf(files: readonly HostFile[], metadata: Metadata): Digests {
  const { [fileListKey]: list } = writeHostFiles(files);
  return {
    [aboutKey]: derive(metadata, (known) => digestOf(writtenOn(known))),
    [fileListKey]: derive(list, (text) => digestOf(String(text))),
    ...Object.fromEntries(files.map(({ path, content }) => [path, derive(content, digestOf)])),
  };
}

type Metadata = ReturnType<typeof metadataOf>;

function metadataOf(machine: Machine, args: HostFilesArgs) {
  return {
    name: hostFilesSecretName(machine.name),
    namespace: systemNamespace,
    labels: {
      ...clusterLabels(args.clusterName),
      [machineLabel]: machine.name,
      [roleLabel]: roleOf(args),
      ...(args.pool === undefined ? {} : { [poolLabel]: args.pool }),
    },
    annotations: {
      [kubernetesVersionAnnotation]: args.kubernetesVersion,
      [addressesAnnotation]: derive(machine.addresses, writeAddresses),
      [servingModeAnnotation]: args.servingMode,
      ...args.controlPlane?.annotations,
    },
  };
}

function filesOf(machine: Machine, args: HostFilesArgs): HostFile[] {
  const credentials = args.certificates.nodes[machine.name];
  if (credentials === undefined) throw new Error(`no certificates for machine ${machine.name}`);
  const hardening = hardeningOf(args.hardening);
  const own = hardening.privateFiles ? privateFile : publicFile;
  return [
    publicFile(paths.ca, trustOf(caOf(machine.name, args.issuance))),
    own(paths.kubeletConfiguration, args.kubelet),
    own(paths.kubeletUnit, kubeletUnit(machine, hardening)),
    ...(hardening.protectKernelDefaults ? [publicFile(paths.kernelSettings, kernelSettings)] : []),
    ...credentialFiles(credentials),
    ...(args.controlPlane?.files[machine.name] ?? []),
  ];
}

function roleOf(args: HostFilesArgs): "control-plane" | "node" {
  return args.controlPlane === undefined ? "node" : "control-plane";
}
