/** The list of formats: what is asked first stands first. docs/reading.md is made from it. */

import { agentModule, fluentBit, telegraf } from "./agents.ts";
import { alloy } from "./alloy.ts";
import { bottlerocket } from "./bottlerocket.ts";
import { certificateRequest } from "./certificate-request.ts";
import { chart, kustomization } from "./charts.ts";
import {
  archive,
  cloudConfig,
  cloudConfigObject,
  include,
  multipart,
  otherScript,
} from "./cloud-init.ts";
import { clusterApi, clusterClass, clusterResourceSet, otherClusterApi } from "./cluster-api.ts";
import { configMap, secret } from "./config-map.ts";
import { datadogAgent } from "./datadog-object.ts";
import { k0s, k3s, otherDistribution, rke, talos } from "./distributions.ts";
import { documents } from "./documents.ts";
import { encrypted } from "./encrypted.ts";
import type { Format, ObjectFormat } from "./format.ts";
import { hostFiles } from "./host-files.ts";
import { butane, ignition, machineConfig } from "./ignition.ts";
import {
  configz,
  kubeadmDocument,
  kubeletConfiguration,
  kubeletPatch,
  otherPatches,
} from "./kubelet-documents.ts";
import { managed } from "./managed.ts";
import { list, node, plain, rbac, role, serviceAccount } from "./objects.ts";
import { otherObject } from "./other-object.ts";
import { pemFile } from "./pem-file.ts";
import { flagFile, processCommandLine } from "./process.ts";
import { monitor, prometheusConfiguration, prometheusServer, scrapeJob } from "./prometheus.ts";
import { fileSystems, mountUnit, temporaryFiles } from "./put-over.ts";
import { rules, ruleText } from "./rules.ts";
import { commands, script } from "./script.ts";
import { environmentFile, unit } from "./unit.ts";
import { workload } from "./workload.ts";

/** Formats of texts. */
export const formats: readonly Format[] = [
  encrypted,
  multipart,
  cloudConfig,
  archive,
  include,
  otherScript,
  fileSystems,
  temporaryFiles,
  script,
  mountUnit,
  unit,
  processCommandLine,
  pemFile,
  environmentFile,
  ruleText,
  flagFile,
  otherPatches,
  bottlerocket,
  documents,
  // Told by sections anywhere in them, which a manifest may quote: that is read before.
  alloy,
  fluentBit,
  telegraf,
  commands,
];

/** Formats of objects, in YAML, in JSON or in a stack; the last one takes whatever is left. */
export const objectFormats: readonly ObjectFormat[] = [
  list,
  kubeletConfiguration,
  kubeadmDocument,
  configz,
  configMap,
  hostFiles,
  secret,
  workload,
  rbac,
  role,
  serviceAccount,
  node,
  certificateRequest,
  plain,
  rules,
  machineConfig,
  managed,
  clusterApi,
  clusterResourceSet,
  clusterClass,
  otherClusterApi,
  chart,
  kustomization,
  monitor,
  prometheusServer,
  prometheusConfiguration,
  scrapeJob,
  agentModule,
  datadogAgent,
  ignition,
  butane,
  cloudConfigObject,
  k3s,
  rke,
  talos,
  k0s,
  otherDistribution,
  kubeletPatch,
  otherObject,
];
