package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Diff compares old inputs with new ones. What kube-apiserver made of the old ones plays no part: Read has
// already put what drifted into them.
func (p *standIn) Diff(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := decode(request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := decode(request.GetNews())
	if err != nil {
		return nil, err
	}
	olds, news = plainMap(olds), plainMap(news)
	canonicalNamespace(olds, news)

	response := &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_NONE,
		HasDetailedDiff: true,
		DetailedDiff:    map[string]*pulumirpc.PropertyDiff{},
	}
	for key, change := range plugin.NewDetailedDiffFromObjectDiff(olds.Diff(news), true) {
		path, err := resource.ParsePropertyPath(key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		kind := change.Kind
		if p.settings.replaces(news, path) {
			kind = kind.AsReplace()
			response.Replaces = append(response.Replaces, key)
		}
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.DetailedDiff[key] = &pulumirpc.PropertyDiff{Kind: pulumirpc.PropertyDiff_Kind(kind), InputDiff: true}
	}
	// An object of the same name can only follow the old one. One whose name was assigned gets a new name.
	response.DeleteBeforeReplace = len(response.Replaces) > 0 && !isAutonamed(news) && sameIdentity(olds, news)
	return response, nil
}

// sameIdentity says whether both are known to be the same object to Kubernetes.
func sameIdentity(olds, news resource.PropertyMap) bool {
	for _, key := range []resource.PropertyKey{"name", "namespace"} {
		was, is := member(olds, "metadata", key), member(news, "metadata", key)
		if is.ContainsUnknowns() || !was.DeepEquals(is) {
			return false
		}
	}
	return true
}

// canonicalNamespace makes a namespace that is left out and the namespace default the same.
func canonicalNamespace(olds, news resource.PropertyMap) {
	was, is := member(olds, "metadata", "namespace"), member(news, "metadata", "namespace")
	if isDefaultNamespace(was) && isDefaultNamespace(is) && !was.DeepEquals(is) {
		setMember(olds, resource.NewStringProperty("default"), "metadata", "namespace")
		setMember(news, resource.NewStringProperty("default"), "metadata", "namespace")
	}
}

func isDefaultNamespace(namespace resource.PropertyValue) bool {
	return namespace.IsNull() || (namespace.IsString() && (namespace.StringValue() == "" || namespace.StringValue() == "default"))
}
