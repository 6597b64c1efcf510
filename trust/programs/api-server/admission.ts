/**
 * Admission plugins that kube-apiserver is told to turn on or off.
 * Sources: kubernetes `pkg/kubeapiserver/options/plugins.go` and `admission.go`; apiserver
 * `pkg/server/options/admission.go` (Validate).
 */
import { listText, quote } from "../../go/texts.ts";
import type { Flags } from "../../kubernetes/flags.ts";
import { minorOf } from "../../kubernetes/tables.ts";
import type { OptionComplaint } from "../refusal.ts";

/** Complaints about the flags that name admission plugins. */
export function admissionComplaints(flags: Flags, version: string): OptionComplaint[] {
  const minor = minorOf(version);
  const given = (flag: string): readonly string[] | undefined => {
    const value = flags.get(flag);
    return value.known && Array.isArray(value.value) ? value.value : undefined;
  };
  const list = (flag: string): readonly string[] => given(flag) ?? [];
  const enabled = list("enable-admission-plugins");
  const disabled = list("disable-admission-plugins");
  const complaints: OptionComplaint[] = [];
  // An empty list is given all the same.
  if (
    given("admission-control") &&
    (given("enable-admission-plugins") ?? given("disable-admission-plugins"))
  ) {
    complaints.push({
      flag: "admission-control",
      error:
        "admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive",
      kind: "contradicting-flags",
    });
  }
  for (const flag of [
    "admission-control",
    "enable-admission-plugins",
    "disable-admission-plugins",
  ]) {
    for (const name of list(flag).filter((one) => !isPlugin(one, minor))) {
      complaints.push({
        flag,
        error: `${flag} plugin ${quote(name)} is unknown`,
        kind: "unknown-plugin",
      });
    }
  }
  const both = [...new Set(enabled.filter((one) => disabled.includes(one)))].sort();
  return both.length === 0
    ? complaints
    : [
        ...complaints,
        {
          flag: "disable-admission-plugins",
          error: `${listText(both)} in enable-admission-plugins and disable-admission-plugins overlapped`,
          kind: "contradicting-flags",
        },
      ];
}

function isPlugin(name: string, minor: number): boolean {
  const range = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
  return range !== undefined && minor >= (range.from ?? 0) && minor <= (range.to ?? minor);
}

/** First and last minor version of each plugin, where not all of the tables' versions have it. */
const plugins: Readonly<Record<string, { readonly from?: number; readonly to?: number }>> = {
  AlwaysAdmit: {},
  AlwaysDeny: {},
  AlwaysPullImages: {},
  CertificateApproval: {},
  CertificateSigning: {},
  CertificateSubjectRestriction: {},
  ClusterTrustBundleAttest: {},
  DefaultIngressClass: {},
  DefaultStorageClass: {},
  DefaultTolerationSeconds: {},
  DenyServiceExternalIPs: {},
  EventRateLimit: {},
  ExtendedResourceToleration: {},
  ImagePolicyWebhook: {},
  JobValidation: { from: 36, to: 36 },
  LimitPodHardAntiAffinityTopology: {},
  LimitRanger: {},
  MutatingAdmissionPolicy: {},
  MutatingAdmissionWebhook: {},
  NamespaceAutoProvision: {},
  NamespaceExists: {},
  NamespaceLifecycle: {},
  NodeDeclaredFeatureValidator: { from: 35 },
  NodeRestriction: {},
  OwnerReferencesPermissionEnforcement: {},
  PersistentVolumeClaimResize: {},
  PodGroupProtection: { from: 36 },
  PodGroupWorkloadExists: { from: 36, to: 36 },
  PodNodeSelector: {},
  PodResizeValidator: { from: 36 },
  PodSecurity: {},
  PodTolerationRestriction: {},
  PodTopologyLabels: {},
  Priority: {},
  ResourceQuota: {},
  RuntimeClass: {},
  ServiceAccount: {},
  StorageObjectInUseProtection: {},
  TaintNodesByCondition: {},
  ValidatingAdmissionPolicy: {},
  ValidatingAdmissionWebhook: {},
};
