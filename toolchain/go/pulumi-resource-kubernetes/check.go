package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Check turns what the program gave into the inputs that the other calls see: with a name, a Secret's
// stringData folded into its data, and the field names that Kubernetes knows.
func (p *standIn) Check(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	olds, err := decode(request.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := decode(request.GetNews())
	if err != nil {
		return nil, err
	}
	failures := checkKind(request.GetType(), inputs)
	if len(failures) == 0 {
		inputs = kubernetesNames(inputs)
		failures = append(failures, assignName(request, inputs, olds)...)
		failures = append(failures, checkSegments(inputs)...)
		if isSecret(inputs) {
			failures = append(failures, foldStringData(inputs)...)
			markSecrets(inputs, nil)
		}
	}
	checked, err := encode(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: checked, Failures: failures}, nil
}

// failure is what is wrong with a field. The field is not told to the engine as such, for the engine would
// print its value, secret or not.
func failure(field, reason string, values ...any) *pulumirpc.CheckFailure {
	return &pulumirpc.CheckFailure{Reason: field + " " + fmt.Sprintf(reason, values...)}
}

// checkKind refuses what is not one plain object: the vendor's patches, lists and Helm releases among them.
func checkKind(token string, inputs resource.PropertyMap) []*pulumirpc.CheckFailure {
	typeKind := token[strings.LastIndex(token, ":")+1:]
	var failures []*pulumirpc.CheckFailure
	for _, key := range []resource.PropertyKey{"apiVersion", "kind"} {
		if value, _ := text(inputs, key); value == "" {
			failures = append(failures, failure(string(key),
				"must be a string that is known at preview; %s without it is not covered by the stand-in for the Kubernetes plugin", token))
		}
	}
	if len(failures) > 0 {
		return failures
	}
	if kind, _ := text(inputs, "kind"); kind != typeKind {
		return []*pulumirpc.CheckFailure{
			failure("kind", "%q in a resource of type %s is not covered by the stand-in for the Kubernetes plugin", kind, token),
		}
	}
	if strings.HasSuffix(typeKind, "List") && !member(inputs, "items").IsNull() {
		return []*pulumirpc.CheckFailure{failure("items", "make this a list, which is no object that can be created: create them one by one")}
	}
	if metadata := member(inputs, "metadata"); !metadata.IsNull() && !metadata.IsObject() && !metadata.IsComputed() {
		return []*pulumirpc.CheckFailure{failure("metadata", "must be an object, not a %s", metadata.TypeString())}
	}
	return nil
}

// kubernetesNames gives properties their names in Kubernetes: the SDK writes x_kubernetes_list_type where a
// CustomResourceDefinition's schema has x-kubernetes-list-type.
func kubernetesNames(properties resource.PropertyMap) resource.PropertyMap {
	result := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		name := string(key)
		if strings.HasPrefix(name, "x_kubernetes_") {
			name = strings.ReplaceAll(name, "_", "-")
		}
		result[resource.PropertyKey(name)] = kubernetesName(value)
	}
	return result
}

func kubernetesName(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return resource.MakeSecret(kubernetesName(value.SecretValue().Element))
	case value.IsObject():
		return resource.NewObjectProperty(kubernetesNames(value.ObjectValue()))
	case value.IsArray():
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = kubernetesName(element)
		}
		return resource.NewArrayProperty(elements)
	default:
		return value
	}
}
