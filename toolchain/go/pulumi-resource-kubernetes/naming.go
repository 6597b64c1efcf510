package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/api/validation/path"
)

// autonamedAnnotation marks an object whose name the program left to the plugin.
const autonamedAnnotation = "pulumi.com/autonamed"

// nameAlphabet is what a DNS label may end in (RFC 1123).
var nameAlphabet = []rune("abcdefghijklmnopqrstuvwxyz0123456789")

// assignName gives an object without a name one: the name it had, if that was assigned too, or else a new
// one. A name that is not known yet is left unknown.
func assignName(request *pulumirpc.CheckRequest, inputs, olds resource.PropertyMap) []*pulumirpc.CheckFailure {
	if name := member(inputs, "metadata", "name"); name.IsComputed() || (name.IsString() && name.StringValue() != "") {
		return nil
	}
	if _, ok := text(inputs, "metadata", "generateName"); ok {
		return []*pulumirpc.CheckFailure{failure("metadata.generateName",
			"is not covered by the stand-in for the Kubernetes plugin: give metadata.name, or neither to have a name made up")}
	}
	name, ok := text(olds, "metadata", "name")
	if !ok || !isAutonamed(olds) {
		var refusal *pulumirpc.CheckFailure
		if name, refusal = newName(request); refusal != nil {
			return []*pulumirpc.CheckFailure{refusal}
		}
	}
	setMember(inputs, resource.NewStringProperty(name), "metadata", "name")
	setMember(inputs, resource.NewStringProperty("true"), "metadata", "annotations", autonamedAnnotation)
	return nil
}

// newName follows the project's autonaming setting, or else appends eight characters to the resource's name.
func newName(request *pulumirpc.CheckRequest) (string, *pulumirpc.CheckFailure) {
	if autonaming := request.GetAutonaming(); autonaming != nil {
		if autonaming.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE {
			return "", failure("metadata.name", "is missing, and the stack's configuration pulumi:autonaming forbids making one up: give it")
		}
		return autonaming.GetProposedName(), nil
	}
	// 253 characters are what a name may have (RFC 1123 subdomain).
	name, err := resource.NewUniqueName(request.GetRandomSeed(), request.GetName()+"-", 8, 253, nameAlphabet)
	if err != nil {
		return "", failure("metadata.name", "cannot be made up: %v: give it", err)
	}
	return name, nil
}

// isAutonamed says whether the object's name was assigned by assignName.
func isAutonamed(inputs resource.PropertyMap) bool {
	value, _ := text(inputs, "metadata", "annotations", autonamedAnnotation)
	return value == "true"
}

// checkSegments refuses names that cannot be one segment of an API path, or of a file's.
func checkSegments(inputs resource.PropertyMap) []*pulumirpc.CheckFailure {
	var failures []*pulumirpc.CheckFailure
	for _, key := range []resource.PropertyKey{"name", "namespace"} {
		value, known := text(inputs, "metadata", key)
		if !known || value == "" {
			continue
		}
		for _, problem := range path.IsValidPathSegmentName(value) {
			failures = append(failures, failure("metadata."+string(key), "%q %s", value, problem))
		}
	}
	return failures
}
