package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Beside the object itself, the state holds what the vendor's plugin keeps there, under its names, so that
// a stack can pass from one to the other.
const (
	inputsKey            = "__inputs"
	initialAPIVersionKey = "__initialApiVersion"
	fieldManagerKey      = "__fieldManager"
)

// newState is what the engine stores of an object that was made from inputs and now is live.
func newState(live *unstructured.Unstructured, inputs resource.PropertyMap, manager string) resource.PropertyMap {
	state := resource.NewPropertyMapFromMap(live.Object)
	markSecrets(state, inputs)
	state[inputsKey] = resource.NewObjectProperty(inputs)
	state[initialAPIVersionKey] = inputs["apiVersion"]
	state[fieldManagerKey] = resource.NewStringProperty(manager)
	return state
}

// previewState is newState for an object that was only applied as a dry run: what kube-apiserver gives
// anew each time is unknown, and there is no status yet.
func previewState(live *unstructured.Unstructured, inputs resource.PropertyMap, manager string, givenAnew ...resource.PropertyKey) resource.PropertyMap {
	state := newState(live, inputs, manager)
	delete(state, "status")
	for _, key := range givenAnew {
		setMember(state, unknown(), "metadata", key)
	}
	return state
}

// unpreviewedState is the state of a preview whose outcome nothing can be asked about: the inputs.
func unpreviewedState(inputs resource.PropertyMap, givenAnew ...resource.PropertyKey) resource.PropertyMap {
	state := inputs.Copy()
	for _, key := range givenAnew {
		setMember(state, unknown(), "metadata", key)
	}
	return state
}

// liveOf returns the object in state, without what newState put beside it.
func liveOf(state resource.PropertyMap) (*unstructured.Unstructured, error) {
	live := state.Copy()
	for _, key := range []resource.PropertyKey{inputsKey, initialAPIVersionKey, fieldManagerKey} {
		delete(live, key)
	}
	return toObject(live)
}

// idOf is the resource's ID: namespace/name, or name alone.
func idOf(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetName()
	}
	return object.GetNamespace() + "/" + object.GetName()
}
