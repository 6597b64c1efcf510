package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
)

// marshalling keeps unknowns and secrets on the way in and on the way out.
var marshalling = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true}

// decode reads properties from the wire.
func decode(properties *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(properties, marshalling)
}

// encode writes properties to the wire.
func encode(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, marshalling)
}

// plain returns value without its secret wrappers, at every depth. Unknowns stay.
func plain(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return plain(value.SecretValue().Element)
	case value.IsObject():
		return resource.NewObjectProperty(plainMap(value.ObjectValue()))
	case value.IsArray():
		elements := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			elements[i] = plain(element)
		}
		return resource.NewArrayProperty(elements)
	default:
		return value
	}
}

// plainMap is plain for a whole property map.
func plainMap(properties resource.PropertyMap) resource.PropertyMap {
	result := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		result[key] = plain(value)
	}
	return result
}

// member returns the value at path without its wrappers, an unknown if it or one above it is unknown,
// and a null if there is none.
func member(properties resource.PropertyMap, path ...resource.PropertyKey) resource.PropertyValue {
	value := resource.NewObjectProperty(properties)
	for _, key := range path {
		value = plain(value)
		if value.IsComputed() {
			return value
		}
		if !value.IsObject() {
			return resource.NewNullProperty()
		}
		value = value.ObjectValue()[key]
	}
	return plain(value)
}

// text returns the string at path, and whether there is one that is known.
func text(properties resource.PropertyMap, path ...resource.PropertyKey) (string, bool) {
	value := member(properties, path...)
	if !value.IsString() {
		return "", false
	}
	return value.StringValue(), true
}

// setMember sets the value at path, making the objects above it and keeping their secret wrappers. It does
// nothing below an unknown.
func setMember(properties resource.PropertyMap, value resource.PropertyValue, path ...resource.PropertyKey) {
	key := path[0]
	if len(path) == 1 {
		properties[key] = value
		return
	}
	parent := properties[key]
	inner, secret := parent, parent.IsSecret()
	if secret {
		inner = parent.SecretValue().Element
	}
	if inner.IsComputed() {
		return
	}
	object := resource.PropertyMap{}
	if inner.IsObject() {
		object = inner.ObjectValue().Copy()
	}
	setMember(object, value, path[1:]...)
	properties[key] = resource.NewObjectProperty(object)
	if secret {
		properties[key] = resource.MakeSecret(properties[key])
	}
}

// toObject makes the Kubernetes object that known properties describe.
func toObject(properties resource.PropertyMap) (*unstructured.Unstructured, error) {
	if properties.ContainsUnknowns() {
		return nil, fmt.Errorf("some values are not known yet")
	}
	// Through JSON, so that whole numbers become integers, as Kubernetes decodes them.
	data, err := json.Marshal(plainMap(properties).Mappable())
	if err != nil {
		return nil, fmt.Errorf("the properties are not plain data: only strings, numbers, booleans, lists and maps are")
	}
	object := map[string]any{}
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, fmt.Errorf("the properties are not plain data: only strings, numbers, booleans, lists and maps are")
	}
	return &unstructured.Unstructured{Object: object}, nil
}
