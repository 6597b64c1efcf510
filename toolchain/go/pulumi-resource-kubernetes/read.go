package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Read returns an object as it is now, and inputs that show where it drifted. No ID says that it is gone.
func (p *standIn) Read(call context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	ctx, done := p.bounded(call, request.GetTimeout())
	defer done()
	state, err := decode(request.GetProperties())
	if err != nil {
		return nil, err
	}
	olds, err := decode(request.GetInputs())
	if err != nil {
		return nil, err
	}
	lastSeen, err := liveOf(state)
	if err != nil {
		return nil, err
	}
	imported := lastSeen.GetName() == ""
	if imported {
		if lastSeen, err = objectOf(request.GetType(), request.GetId()); err != nil {
			return nil, err
		}
	}
	live, err := p.target.read(ctx, lastSeen)
	if err != nil {
		return nil, err
	}
	if live == nil {
		return &pulumirpc.ReadResponse{}, nil
	}

	var inputs resource.PropertyMap
	if imported {
		inputs = inputsOf(live)
	} else {
		given, err := toObject(olds)
		if err != nil {
			return nil, err
		}
		drifted := withDrift(given.Object, lastSeen.Object, live.Object, !p.target.completes())
		inputs = resource.NewPropertyMapFromMap(drifted.(map[string]any))
	}
	markSecrets(inputs, olds)

	manager, ok := text(state, fieldManagerKey)
	if !ok {
		if manager, err = newManager(); err != nil {
			return nil, err
		}
	}
	response := &pulumirpc.ReadResponse{Id: request.GetId()}
	if response.Inputs, err = encode(inputs); err != nil {
		return nil, err
	}
	response.Properties, err = encode(newState(live, inputs, manager))
	return response, err
}

// withDrift returns given with the values that changed since they were last seen. Where the live value still
// is the last seen one, the given one stays, however it is written: kube-apiserver may have normalized it.
// With all, keys that are new since then count as well.
func withDrift(given, lastSeen, live any, all bool) any {
	if reflect.DeepEqual(lastSeen, live) {
		return given
	}
	givenMap, isMap := given.(map[string]any)
	liveMap, isLiveMap := live.(map[string]any)
	if isMap && isLiveMap {
		lastSeenMap, _ := lastSeen.(map[string]any)
		result := map[string]any{}
		for key, value := range givenMap {
			if now, ok := liveMap[key]; ok {
				result[key] = withDrift(value, lastSeenMap[key], now, all)
			} else if _, was := lastSeenMap[key]; !was {
				result[key] = value // kube-apiserver never kept it: its absence is no drift
			}
		}
		for key, now := range liveMap {
			_, isGiven := givenMap[key]
			if _, was := lastSeenMap[key]; all && !isGiven && !was {
				result[key] = now
			}
		}
		return result
	}
	givenList, isList := given.([]any)
	liveList, isLiveList := live.([]any)
	if isList && isLiveList && len(givenList) == len(liveList) {
		lastSeenList, _ := lastSeen.([]any)
		result := make([]any, len(liveList))
		for i := range liveList {
			var was any
			if i < len(lastSeenList) {
				was = lastSeenList[i]
			}
			result[i] = withDrift(givenList[i], was, liveList[i], all)
		}
		return result
	}
	return live
}

// objectOf returns the identity that a type token (kubernetes:apps/v1:Deployment) and an ID name.
func objectOf(token, id string) (*unstructured.Unstructured, error) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 || id == "" {
		return nil, fmt.Errorf("cannot tell the object from type %q and ID %q: the ID is namespace/name, or name alone", token, id)
	}
	namespace, name, namespaced := strings.Cut(id, "/")
	if !namespaced {
		namespace, name = "", id
	}
	object := &unstructured.Unstructured{Object: map[string]any{}}
	// The SDK writes the legacy group as core.
	object.SetAPIVersion(strings.TrimPrefix(parts[1], "core/"))
	object.SetKind(parts[2])
	object.SetName(name)
	if namespace != "" {
		object.SetNamespace(namespace)
	}
	return object, nil
}

// inputsOf returns the inputs that would have made the object.
func inputsOf(live *unstructured.Unstructured) resource.PropertyMap {
	object := live.DeepCopy().Object
	delete(object, "status")
	for _, field := range []string{"creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"} {
		unstructured.RemoveNestedField(object, "metadata", field)
	}
	return resource.NewPropertyMapFromMap(object)
}
