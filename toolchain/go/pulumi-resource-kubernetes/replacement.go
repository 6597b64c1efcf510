package main

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// identity is what makes an object another object.
var identity = []string{"metadata.name", "metadata.namespace"}

// immutable lists, by apiVersion and kind, the fields that kube-apiserver refuses to change (the ValidateUpdate
// functions of kubernetes pkg/apis/*/validation). "*" stands for any key or index.
var immutable = map[string][]string{
	"apps/v1 DaemonSet":   {"spec.selector"},
	"apps/v1 Deployment":  {"spec.selector"},
	"apps/v1 ReplicaSet":  {"spec.selector"},
	"apps/v1 StatefulSet": {"spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"},
	"batch/v1 Job":        {"spec.completions", "spec.completionMode", "spec.selector", "spec.template"},
	"certificates.k8s.io/v1 CertificateSigningRequest": {"spec"},
	"node.k8s.io/v1 RuntimeClass":                      {"handler"},
	"rbac.authorization.k8s.io/v1 ClusterRoleBinding":  {"roleRef"},
	"rbac.authorization.k8s.io/v1 RoleBinding":         {"roleRef"},
	"scheduling.k8s.io/v1 PriorityClass":               {"value", "preemptionPolicy"},
	"storage.k8s.io/v1 StorageClass":                   {"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"},
	"apiextensions.k8s.io/v1 CustomResourceDefinition": {"spec.group", "spec.names.kind", "spec.names.plural", "spec.scope"},
	"v1 PersistentVolumeClaim":                         {"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeMode", "spec.volumeName"},
	"v1 Pod":                                           {"spec"},
	"v1 Secret":                                        {"type"},
	"v1 Service":                                       {"spec.clusterIP", "spec.clusterIPs"},
}

// mutableInPod are the fields of a Pod's spec that may change all the same.
var mutableInPod = []string{
	"spec.containers[*].image", "spec.initContainers[*].image", "spec.activeDeadlineSeconds", "spec.tolerations",
}

// replacementFields are the fields of an object whose change replaces it. The data of ConfigMaps and Secrets
// is among them unless the provider's settings say otherwise, as with the vendor's plugin.
func (s settings) replacementFields(inputs resource.PropertyMap) []string {
	apiVersion, _ := text(inputs, "apiVersion")
	kind, _ := text(inputs, "kind")
	object := apiVersion + " " + kind
	fields := slices.Concat(identity, immutable[object])
	frozen := member(inputs, "immutable")
	isFrozen := frozen.IsBool() && frozen.BoolValue()
	if object == "v1 ConfigMap" && (!s.mutableConfigMaps || isFrozen) {
		fields = append(fields, "data", "binaryData")
	}
	if object == "v1 Secret" && (!s.mutableSecrets || isFrozen) {
		fields = append(fields, "data")
	}
	return fields
}

// replaces says whether a change at path means another object.
func (s settings) replaces(inputs resource.PropertyMap, path resource.PropertyPath) bool {
	apiVersion, _ := text(inputs, "apiVersion")
	kind, _ := text(inputs, "kind")
	if apiVersion == "v1" && kind == "Pod" && coveredBy(mutableInPod, path, false) {
		return false
	}
	return coveredBy(s.replacementFields(inputs), path, true)
}

// coveredBy says whether path is one of fields or below one; or, if above is set, above one: when a whole
// object appears, vanishes or becomes unknown, so do its fields.
func coveredBy(fields []string, path resource.PropertyPath, above bool) bool {
	return slices.ContainsFunc(fields, func(field string) bool {
		pattern, err := resource.ParsePropertyPath(field)
		return err == nil && (pattern.Contains(path) || (above && path.Contains(pattern)))
	})
}
